import { SimClock } from '../../sim/core/clock.ts'
import { MemoryLog } from '../../src/broker/index.ts'
import { seededRandom } from '../../src/kit/index.ts'
import { sharedLogContract } from './shared-log.ts'

function inMemory(delayMs: number) {
  const clock = new SimClock()
  const log = new MemoryLog({ clock, random: seededRandom(1), partitions: 2 })
  const [line, other] = [log.line(clock), log.line(clock)]
  line.delayMs = delayMs
  other.delayMs = delayMs
  return {
    log: line,
    other,
    done: <T>(work: Promise<T>) => {
      clock.advance(50)
      return work
    },
    settle: async () => clock.advance(50),
    truncate: async (partition: number, upTo: number) => log.truncate(partition, upTo),
    recreate: async () => log.recreate(),
    close: async () => undefined,
  }
}

sharedLogContract('in memory', async () => inMemory(0))
sharedLogContract('in memory, over a slow line', async () => inMemory(7))
