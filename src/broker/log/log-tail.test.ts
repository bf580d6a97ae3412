import { expect, test } from 'bun:test'
import { SteppedClock, seededRandom } from '../../kit/index.ts'
import { LogTail } from './log-tail.ts'
import { MemoryLog } from './memory-log.ts'
import type { LogReader, SharedLog } from './shared-log.ts'

/** A log whose newest places have no records, as after compaction, or behind a marker of a transaction. */
function withoutNewest(log: MemoryLog): SharedLog {
  const reader = (inner: LogReader): LogReader => ({
    take: (records, readTo) => inner.take(records.slice(0, 1), readTo),
    missed: upTo => inner.missed(upTo),
    restarted: bounds => inner.restarted(bounds),
  })
  const line = log.line(log.options.clock)
  return {
    partitions: 1,
    append: (partition, entries) => line.append(partition, entries),
    bounds: partition => line.bounds(partition),
    offsetAt: (partition, timeMs) => line.offsetAt(partition, timeMs),
    slice: (partition, after, limits) => line.slice(partition, after, limits),
    silentMs: () => 0,
    read: (partition, after, inner) => line.read(partition, after, reader(inner)),
  }
}

test('[KF24] whoever waits for the end of a log gets there, though no record is at it', async () => {
  const clock = new SteppedClock()
  const context = { clock, random: seededRandom(1) }
  const log = new MemoryLog({ ...context, partitions: 1 })
  log.appendNow(0, [
    { key: '', value: 'a' },
    { key: '', value: 'taken away' },
  ])
  const taken: string[] = []
  const tail = new LogTail(withoutNewest(log), context, ({ value }) => taken.push(value))
  const begun = tail.begin()
  await begun
  expect(taken).toEqual(['a'])
  tail.close()
})
