import { expect, test } from 'bun:test'
import { SimClock } from '../../../../sim/core/clock.ts'
import { Changes } from './changes.ts'
import { Presences } from './presences.ts'
import { TypingNotifier } from './typing.ts'
import type { ChatChange } from './view.ts'

test('[M13] typing is said at once, again every three seconds while it goes on, and ended when it does', () => {
  const clock = new SimClock()
  const said: string[] = []
  const start = clock.now()
  const notifier = new TypingNotifier(clock, (conversation, on) => said.push(`${clock.now() - start} ${conversation} ${on}`))
  for (let key = 0; key < 5; key++) {
    notifier.press('a')
    clock.advance(1000)
  }
  expect(said).toEqual(['0 a true', '3000 a true'])
  clock.advance(20_000)
  expect(said.slice(2)).toEqual(['6000 a true', '9000 a false'])
  notifier.press('a')
  notifier.release('a', true)
  clock.advance(20_000)
  expect(said.slice(4)).toEqual(['25000 a true'])
})

test('[M13] others are believed for six seconds, and no longer than to their message', () => {
  const clock = new SimClock()
  const changes = new Changes()
  const told: ChatChange[] = []
  changes.listen(change => told.push(change))
  const presences = new Presences('me', clock, changes)
  const hear = (user: string, on = true) => presences.hear('a', { kind: 'typing', user, on })
  hear('bob')
  hear('me')
  expect(presences.typingIn('a')).toEqual(['bob'])
  clock.advance(4000)
  hear('cem')
  hear('bob')
  clock.advance(4000)
  expect(presences.typingIn('a')).toEqual(['bob', 'cem'])
  presences.stopped('a', 'bob')
  expect(presences.typingIn('a')).toEqual(['cem'])
  clock.advance(2000)
  expect(presences.typingIn('a')).toEqual([])
  const turn = [{ kind: 'typing', conversation: 'a' }, { kind: 'conversations' }] as const
  expect(told).toEqual([...turn, ...turn, ...turn, ...turn])
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
