import { expect, test } from 'bun:test'
import { SimClock } from '../../../sim/core/clock.ts'
import { between, seededRandom } from '../../kit/index.ts'
import { FollowedInboxes, type FollowedInboxesHost } from './followed-inboxes.ts'
import { limits } from './limits.ts'
import type { InboxAppend } from './store/index.ts'
import { Tail } from './tail.ts'

const entry = { kind: 'receipt', conversation: 'c', receipts: [] } as const
const nobody: FollowedInboxesHost = {
  late() {},
  before: () => Promise.reject(new Error('nobody asks for it')),
  failed(_, error) {
    throw error
  },
}
const appendAt = (place: number, person = 'ann'): InboxAppend => ({ person, place, entry })

test('[CP3] whatever other nodes commit in between, and whether or not they say so, each place is handed on once and in order', async () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = seededRandom(seed)
    const clock = new SimClock()
    const rows: InboxAppend[] = []
    const handed: number[] = []
    let failures = between(random, 0, 3)
    const tail = new Tail({
      clock,
      random,
      read: async ({ from, to }) => {
        if (failures-- > 0) throw new Error('the store does not answer')
        return rows.filter(({ place }) => place > from && place <= to)
      },
      hand: appends => handed.push(...appends.map(({ place }) => place)),
      failed() {},
    })
    tail.begin(0)
    let top = 0
    for (let step = 0; step < 30; step++) {
      const stretch = { from: top, to: top + 8 }
      const appends = Array.from({ length: between(random, 0, 3) }, (_, i) => appendAt(top + 1 + i))
      rows.push(...appends)
      top += 8
      const isOwn = random.next() < 0.5
      // What another node says may be lost.
      if (isOwn) tail.committed(appends, stretch)
      else if (random.next() < 0.5) tail.reaches(top)
      if (random.next() < 0.3) clock.advance(50)
      if (random.next() < 0.5) await Promise.resolve()
    }
    // It looks by itself.
    tail.reaches(top)
    for (let turn = 0; turn < 40 && handed.length < rows.length; turn++) {
      clock.advance(2000)
      for (let moment = 0; moment < 20; moment++) await Promise.resolve()
    }
    expect(handed, `seed ${seed}`).toEqual(rows.map(({ place }) => place))
  }
})

test('[CP4] what comes while it is asked where an inbox stands is counted once, whichever moment the answer is of', async () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = seededRandom(seed)
    const places: number[] = []
    const late: number[] = []
    const got: number[] = []
    const followed = new FollowedInboxes({ ...nobody, late: (_, pts) => late.push(pts) })
    const come = () => {
      const place = (places.at(-1) ?? 0) + between(random, 1, 5)
      places.push(place)
      const pts = followed.take(appendAt(place))
      if (pts !== undefined) got.push(pts)
    }
    const some = (most: number) => {
      for (let count = between(random, 0, most); count > 0; count--) come()
    }
    some(5)
    const head = await followed.follow('ann', async () => {
      some(4)
      const known = places.length
      const place = places.at(-1) ?? 0
      some(4)
      await Promise.resolve()
      some(2)
      return { pts: known, place, floor: { pts: 0, place: 0 } }
    })
    some(5)
    const all = [...late, ...got]
    expect(all, `seed ${seed}`).toEqual(Array.from({ length: places.length - head.pts }, (_, i) => head.pts + i + 1))
    const asked = between(random, head.pts + 1, places.length + 2)
    const end = { pts: Math.max(places.length, head.pts), place: places[places.length - 1] ?? 0 }
    if (places.length > head.pts)
      expect(followed.find('ann', asked)).toEqual(asked > end.pts ? end : { pts: asked, place: places[asked - 1] ?? 0 })
  }
})

test('[CP4] whoever asks while another asks in vain asks for themselves', async () => {
  const followed = new FollowedInboxes(nobody)
  const answer = Promise.withResolvers<void>()
  const first = followed.follow('ann', async () => {
    await answer.promise
    throw new Error('the store does not answer')
  })
  const head = { pts: 3, place: 30, floor: { pts: 0, place: 0 } }
  const second = followed.follow('ann', async () => {
    await answer.promise
    return head
  })
  answer.resolve()
  await expect(first).rejects.toThrow('does not answer')
  expect(await second).toEqual(head)
  expect(followed.take(appendAt(31))).toBe(4)
  expect(followed.size).toBe(1)
})

test('[CP70] an inbox that somebody follows is never forgotten, and of the others those that were used least lately are', async () => {
  const followed = new FollowedInboxes(nobody)
  const head = { pts: 3, place: 30, floor: { pts: 0, place: 0 } }
  const follow = (person: string) => followed.follow(person, async () => head)
  for (const person of ['ann', 'bob', 'carol', 'dan']) await follow(person)
  for (const person of ['ann', 'dan']) followed.occupied(person)
  const passersBy = limits.inboxesIdleMax - 3
  for (let i = 0; i < passersBy; i++) await follow(`passer-by ${i}`)
  // Both are used later than Carol: Dan's last session ends, and Bob comes back for a moment.
  followed.vacated('dan')
  await follow('bob')
  const known = () => ['ann', 'bob', 'carol', 'dan', 'passer-by 0'].filter(person => followed.has(person))
  expect(known()).toEqual(['ann', 'bob', 'carol', 'dan', 'passer-by 0'])
  for (const person of ['one', 'two']) await follow(person)
  expect(known()).toEqual(['ann', 'bob', 'dan'])
  expect(followed.size).toBe(1 + limits.inboxesIdleMax - limits.inboxesForgotten + 1)
  expect(followed.has(`passer-by ${passersBy - 1}`)).toBe(true)
  expect(followed.take(appendAt(31))).toBe(4)
  followed.vacated('ann')
  for (let i = 0; i < limits.inboxesIdleMax; i++) await follow(`next ${i}`)
  expect(known()).toEqual([])
  expect(followed.take(appendAt(32))).toBeUndefined()
})

test('[CP71] where it is not known where an inbox stands that somebody follows, that is asked, and nothing is passed over', async () => {
  const late: number[] = []
  const failures: unknown[] = []
  let canBeRead = false
  const followed = new FollowedInboxes({
    late: (_, pts) => late.push(pts),
    before: async ({ place }) => {
      if (!canBeRead) throw new Error('the store does not answer')
      return { pts: place / 10 - 1, place: place - 1 }
    },
    failed: (_, error) => failures.push(error),
  })
  expect(followed.take(appendAt(10))).toBeUndefined()
  followed.occupied('ann')
  expect(followed.has('ann')).toBe(true)
  expect(followed.take(appendAt(20))).toBeUndefined()
  for (let moment = 0; moment < 20; moment++) await Promise.resolve()
  expect(failures).toHaveLength(1)
  canBeRead = true
  expect(followed.take(appendAt(30))).toBeUndefined()
  expect(followed.take(appendAt(40))).toBeUndefined()
  for (let moment = 0; moment < 20; moment++) await Promise.resolve()
  expect(late).toEqual([3, 4])
  expect(followed.take(appendAt(50))).toBe(5)
  expect(followed.find('ann', 3)).toEqual({ pts: 3, place: 30 })
})
