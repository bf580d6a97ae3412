import { describe, expect, test } from 'bun:test'
import { SimClock } from '../../../sim/core/clock.ts'
import { seededRandom } from '../../kit/index.ts'
import { Canary } from './canary.ts'
import { readControl } from './control-form.ts'
import { MemoryLog } from './memory-log.ts'

function start() {
  const clock = new SimClock()
  const log = new MemoryLog({ clock, random: seededRandom(1), partitions: 1 })
  const line = log.line(clock)
  const changes: boolean[] = []
  const canary = new Canary({
    clock,
    controls: line,
    name: 'n',
    silentMs: () => line.silentMs(),
    changed: isDeaf => void changes.push(isDeaf),
  })
  const reading = line.read(0, 0, {
    take: records => {
      for (const { value } of records) {
        const message = readControl(value)
        if (message !== undefined && 'canary' in message) canary.heard(message)
      }
    },
    missed() {},
    restarted() {},
  })
  return { clock, log, line, canary, changes, reading }
}

describe('the canary', () => {
  test('[LB15] goes through the log each second, and tells how long that took', () => {
    const { clock, log, line, canary, changes } = start()
    line.delayMs = 7
    clock.advance(10_100)
    expect([canary.roundTripMs, canary.isDeaf, changes, log.boundsNow(0).last]).toEqual([14, false, [], 10])
  })

  test('[LB15] a node that does not hear its own within three seconds is deaf, and hears again when one comes', () => {
    const { clock, line, canary, changes } = start()
    clock.advance(5100)
    line.cut()
    clock.advance(4000)
    expect([canary.isDeaf, changes]).toEqual([true, [true]])
    clock.advance(60_000)
    line.mend()
    clock.advance(1100)
    expect([canary.isDeaf, changes]).toEqual([false, [true, false]])
  })

  test('[LB15] a node that reads far behind the others is deaf, though its log answers', () => {
    const { clock, line, canary, changes } = start()
    line.lagMs = 2000
    clock.advance(20_000)
    expect([canary.isDeaf, changes]).toEqual([false, []])
    line.lagMs = 8000
    clock.advance(20_000)
    expect([canary.isDeaf, changes[0]]).toEqual([expect.any(Boolean), true])
  })

  test('[LB15] neither canaries of others nor old ones make a deaf node hear', () => {
    const { clock, canary, changes, reading } = start()
    clock.advance(2100)
    reading.close()
    clock.advance(5000)
    canary.heard({ canary: 'other', number: 100 })
    canary.heard({ canary: 'n', number: 1 })
    expect([canary.isDeaf, changes]).toEqual([true, [true]])
  })
})
