import { expect, test } from 'bun:test'
import type { Clock } from '../../../kit/index.ts'
import { MuteEnds } from './conversations.ts'
import { InUse } from './in-use.ts'

/** A clock that stands until it is moved. */
class Stepped implements Clock {
  #now = 1_000_000
  readonly #due = new Set<{ readonly at: number; readonly run: () => void }>()

  now(): number {
    return this.#now
  }

  after(ms: number, run: () => void) {
    const due = { at: this.#now + ms, run }
    this.#due.add(due)
    return { cancel: () => void this.#due.delete(due) }
  }

  soon(run: () => void): void {
    run()
  }

  goOn(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      const [next] = [...this.#due].filter(({ at }) => at <= end).toSorted((left, right) => left.at - right.at)
      if (next === undefined) break
      this.#due.delete(next)
      this.#now = Math.max(this.#now, next.at)
      next.run()
    }
    this.#now = end
  }
}

test('[M184] that somebody sits at a device is said when it begins, seldom while it lasts, and when it ends', () => {
  const clock = new Stepped()
  const said: boolean[] = []
  const inUse = new InUse(clock, on => said.push(on))
  for (let count = 0; count < 1_000; count++) inUse.touched()
  expect(said).toEqual([true])
  for (let second = 0; second < 180; second++) {
    clock.goOn(1_000)
    inUse.touched()
  }
  expect(said).toEqual([true, true, true, true, true])
  clock.goOn(59_000)
  expect(said).toHaveLength(5)
  clock.goOn(1_000)
  expect(said.slice(5)).toEqual([false])
  inUse.left()
  expect(said).toHaveLength(6)
  inUse.touched()
  inUse.left()
  inUse.left()
  clock.goOn(600_000)
  expect(said.slice(6)).toEqual([true, false])
})

test('[M184] a new connection is told of it, and one that is not in use of nothing', () => {
  const clock = new Stepped()
  const said: boolean[] = []
  const inUse = new InUse(clock, on => said.push(on))
  inUse.repeat()
  expect(said).toEqual([])
  inUse.touched()
  inUse.repeat()
  expect(said).toEqual([true, true])
  inUse.close()
  clock.goOn(600_000)
  expect(said).toHaveLength(2)
})

test('[M174] a device knows by itself when a mute ends, however far off that is, and forgets ends that have moved', () => {
  const clock = new Stepped()
  const ended: string[] = []
  const ends = new MuteEnds(clock, id => ended.push(id))
  const at = (ms: number) => clock.now() + ms
  ends.follow('one', at(3_600_000))
  ends.follow('one', at(3_600_000))
  ends.follow('two', at(40 * 24 * 3_600_000))
  ends.follow('three', at(1_000))
  ends.follow('three', undefined)
  ends.follow('four', at(-1))
  clock.goOn(3_599_999)
  expect(ended).toEqual([])
  clock.goOn(1)
  expect(ended).toEqual(['one'])
  clock.goOn(39 * 24 * 3_600_000)
  expect(ended).toEqual(['one'])
  clock.goOn(24 * 3_600_000)
  expect(ended).toEqual(['one', 'two'])
  ends.follow('five', at(10))
  ends.close()
  clock.goOn(10)
  expect(ended).toHaveLength(2)
})
