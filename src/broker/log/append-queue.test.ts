import { expect, test } from 'bun:test'
import { SimClock } from '../../../sim/core/clock.ts'
import { seededRandom } from '../../kit/index.ts'
import { AppendQueue, appendMs } from './append-queue.ts'
import { MemoryLog } from './memory-log.ts'

const batches = 4

/** A queue before a log that answers after so long, in which several batches wait. */
function fill(delayMs: number) {
  const clock = new SimClock()
  const line = new MemoryLog({ clock, random: seededRandom(1), partitions: 1 }).line(clock)
  line.delayMs = delayMs
  const queue = new AppendQueue(clock, line, 0)
  const answers: string[] = []
  const append = () =>
    void queue.append({ key: 'c', value: '1' }).then(
      () => answers.push('appended'),
      ({ code, temporary }) => answers.push(`${code} ${temporary}`),
    )
  for (let n = 0; n < batches * 500; n++) append()
  return { clock, answers, append }
}

async function pass(clock: SimClock, ms: number): Promise<void> {
  clock.advance(ms)
  await new Promise(resolve => setImmediate(resolve))
}

test('[CH2] what waits behind an append that a log does not answer is answered with it, and what came later as soon', async () => {
  const { clock, answers, append } = fill(Number.MAX_SAFE_INTEGER / 2)
  await pass(clock, 1)
  append()
  await pass(clock, appendMs)
  await pass(clock, appendMs)
  expect(Map.groupBy(answers, answer => answer)).toEqual(new Map([['100 true', Array(batches * 500 + 1).fill('100 true')]]))
})

test('[CH2] what waits behind appends that are answered in time is appended, however long all of them take', async () => {
  const { clock, answers } = fill(appendMs / 4)
  for (let n = 0; n < 2 * (batches + 1); n++) await pass(clock, appendMs / 2)
  expect(answers.filter(answer => answer === 'appended')).toHaveLength(batches * 500)
})
