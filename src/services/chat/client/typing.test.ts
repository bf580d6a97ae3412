import { expect, test } from 'bun:test'
import { Changes } from './changes.ts'
import { Presences } from './presences.ts'
import { TypingPulse } from './typing-pulse.ts'
import type { ChatChange } from './view.ts'

/** Time that passes when a test says so. */
class TestClock {
  #now = 0
  #timers: { readonly at: number; readonly run: () => void }[] = []

  now(): number {
    return this.#now
  }

  after(ms: number, run: () => void) {
    const timer = { at: this.#now + ms, run }
    this.#timers.push(timer)
    return {
      cancel: () => {
        this.#timers = this.#timers.filter(other => other !== timer)
      },
    }
  }

  soon(run: () => void): void {
    queueMicrotask(run)
  }

  pass(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      const next = this.#timers.toSorted((left, right) => left.at - right.at)[0]
      if (next === undefined || next.at > end) break
      this.#timers = this.#timers.filter(other => other !== next)
      this.#now = next.at
      next.run()
    }
    this.#now = end
  }
}

test('[M13] typing is said at once, again every three seconds while it goes on, and ended when it does', () => {
  const clock = new TestClock()
  const said: string[] = []
  const pulse = new TypingPulse(clock, (conversation, on) => said.push(`${clock.now()} ${conversation} ${on}`))
  for (let key = 0; key < 5; key++) {
    pulse.press('a')
    clock.pass(1000)
  }
  expect(said).toEqual(['0 a true', '3000 a true'])
  clock.pass(20_000)
  expect(said.slice(2)).toEqual(['6000 a true', '9000 a false'])
  pulse.press('a')
  pulse.release('a', true)
  clock.pass(20_000)
  expect(said.slice(4)).toEqual(['25000 a true'])
})

test('[M13] others are believed for six seconds, and no longer than to their message', async () => {
  const clock = new TestClock()
  const changes = new Changes()
  const told: ChatChange[] = []
  changes.listen(change => told.push(change))
  const presences = new Presences('me', clock, changes)
  const hear = (user: string, on = true) => presences.hear('a', { kind: 'typing', user, on })
  hear('bob')
  hear('me')
  expect(presences.typingIn('a')).toEqual(['bob'])
  clock.pass(4000)
  hear('cem')
  hear('bob')
  clock.pass(4000)
  expect(presences.typingIn('a')).toEqual(['bob', 'cem'])
  presences.stopped('a', 'bob')
  expect(presences.typingIn('a')).toEqual(['cem'])
  clock.pass(2000)
  expect(presences.typingIn('a')).toEqual([])
  await Promise.resolve()
  expect(told).toEqual([{ kind: 'typing', conversation: 'a' }, { kind: 'conversations' }])
})

test('[M46] changes of one turn come together, each once, until one listens no more', async () => {
  const changes = new Changes()
  const told: ChatChange[] = []
  const end = changes.listen(change => told.push(change))
  changes.note({ kind: 'messages', conversation: 'a' }, { kind: 'link' })
  changes.note({ kind: 'messages', conversation: 'a' }, { kind: 'messages', conversation: 'b' })
  expect(told).toEqual([])
  await Promise.resolve()
  expect(told).toEqual([{ kind: 'messages', conversation: 'a' }, { kind: 'link' }, { kind: 'messages', conversation: 'b' }])
  end()
  changes.note({ kind: 'link' })
  await Promise.resolve()
  expect(told).toHaveLength(3)
})
