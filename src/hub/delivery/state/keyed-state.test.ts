import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Json } from '../../../kit/index.ts'
import { Publication, type PublicationFields } from '../../../protocol/index.ts'
import { KeyedState } from './keyed-state.ts'

const key = fc.constantFrom('a', 'b', 'c')
const field = fc.constantFrom('bid', 'ask', 'last')
const patch = fc.dictionary(field, fc.oneof(fc.nat(3), fc.constant(null), fc.record({ deep: fc.nat(2) })), { noNullPrototype: true })
const data: fc.Arbitrary<Json> = fc.oneof(
  { weight: 6, arbitrary: patch },
  { weight: 1, arbitrary: fc.nat(3) },
  { weight: 2, arbitrary: fc.constant(null) },
)
const publication: fc.Arbitrary<PublicationFields> = fc.record({ key, data })
const steps = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('publish' as const), publication }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('look' as const), who: fc.nat(2) }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('restate' as const), state: fc.uniqueArray(publication, { selector: item => item.key }) }),
    },
  ),
  { maxLength: 40 },
)

type History = typeof steps extends fc.Arbitrary<infer T> ? T : never

/** What anyone makes of the publications in order: fields merge, null removes. */
function applied(values: Map<string, Json>, changes: readonly PublicationFields[], merges: boolean): Map<string, Json> {
  for (const { key: name = '', data: change } of changes) {
    const before = values.get(name)
    if (change === null) values.delete(name)
    else if (merges && isFields(before) && isFields(change)) values.set(name, { ...before, ...change })
    else values.set(name, change)
  }
  return values
}

function isFields(value: Json | undefined): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A subscriber who sees what the store has for him whenever there is room, and nothing in between. */
class Reader {
  readonly values = new Map<string, Json>()
  #seen = 0

  look(store: KeyedState): readonly PublicationFields[] {
    const frame = store.newsSince(this.#seen)
    this.#seen = store.version
    const news = (frame?.messages ?? []).map((message): PublicationFields & { removed?: boolean } => JSON.parse(message).pub)
    applied(this.values, news, store.merges)
    return news
  }
}

function play(history: History, merges: boolean): void {
  const store = new KeyedState('quote:1', undefined, merges)
  const readers = [new Reader(), new Reader(), new Reader()]
  let truth = new Map<string, Json>()
  for (const step of history) {
    if (step.kind === 'look') readers[step.who]?.look(store)
    else if (step.kind === 'publish') {
      store.take(new Publication(step.publication))
      applied(truth, [step.publication], merges)
    } else {
      const state = step.state.filter(item => item.data !== null)
      store.replaceState(state.map(item => new Publication(item)))
      truth = new Map(state.map(item => [item.key ?? '', item.data]))
    }
    expect(new Map(store.snapshot().map(({ key: name = '', data: value }) => [name, value]))).toEqual(truth)
  }
  for (const reader of readers) {
    reader.look(store)
    expect(reader.values).toEqual(truth)
    expect(reader.look(store)).toEqual([])
  }
  expect(store.whole()).toEqual(Object.fromEntries(truth))
  expect(store.size).toBe(truth.size)
}

describe('KeyedState', () => {
  test('[U20] whoever applies what changed, at whatever moments, ends with the whole state', () => {
    fc.assert(
      fc.property(steps, history => play(history, true)),
      { numRuns: 1000 },
    )
  })

  test('[U20] the same where each publication replaces the value of its key', () => {
    fc.assert(
      fc.property(steps, history => play(history, false)),
      { numRuns: 500 },
    )
  })

  test('[U21] only changed fields are sent, once for all who saw the same, and nothing for a change that changes nothing', () => {
    const store = new KeyedState('quote:1', undefined, true)
    store.take(new Publication({ key: 'a', data: { bid: 1, ask: 2 } }))
    const seen = store.version
    store.take(new Publication({ key: 'a', data: { bid: 1, ask: 3 } }))
    const frame = store.newsSince(seen)
    expect(frame?.messages.map(message => JSON.parse(message))).toEqual([{ channel: 'quote:1', pub: { key: 'a', data: { ask: 3 } } }])
    expect(store.newsSince(seen)).toBe(frame)
    const then = store.version
    store.take(new Publication({ key: 'a', data: { bid: 1 } }))
    expect(store.newsSince(then)).toBeUndefined()
  })

  test('[U21] a value that began anew is sent as a removal and a whole to who still holds the old one', () => {
    const store = new KeyedState('quote:1', undefined, true)
    store.take(new Publication({ key: 'a', data: { bid: 1, ask: 2 } }))
    const seen = store.version
    store.take(new Publication({ key: 'a', data: null }))
    const between = store.version
    store.take(new Publication({ key: 'a', data: { bid: 5 } }))
    const removal = { key: 'a', data: null, removed: true }
    const pubsSince = (version: number) => store.newsSince(version)?.messages.map(message => JSON.parse(message).pub)
    expect(pubsSince(seen)).toEqual([removal, { key: 'a', data: { bid: 5 } }])
    expect(pubsSince(between - 1)).toEqual([removal, { key: 'a', data: { bid: 5 } }])
  })

  test('[U22] a state that is the same already is sent to nobody', () => {
    const store = new KeyedState('quote:1', undefined, true)
    store.take(new Publication({ key: 'a', data: { bid: 1, ask: 2 } }))
    store.take(new Publication({ key: 'b', data: 7 }))
    const { version } = store
    store.replaceState([new Publication({ key: 'b', data: 7 }), new Publication({ key: 'a', data: { ask: 2, bid: 1 } })])
    expect(store.version).toBe(version)
  })

  test('[U22] the state carries lane and time, so that another node can put it in its place', () => {
    const store = new KeyedState('game:1', undefined, false)
    store.take(new Publication({ key: 'a', data: 1, lane: 'stats', time: 5 }))
    expect(store.snapshot().map(item => item.fields())).toEqual([{ key: 'a', data: 1, lane: 'stats', time: 5, offset: 0 }])
  })

  test('[U21] thousands of keys that come and go leave a bounded memory of their going', () => {
    const store = new KeyedState('quote:1', undefined, true)
    for (let index = 0; index < 5000; index++) {
      store.take(new Publication({ key: `k${index}`, data: { bid: index } }))
      store.take(new Publication({ key: `k${index}`, data: null }))
    }
    expect(store.size).toBe(0)
    expect(store.newsSince(0)?.messages.length).toBeLessThanOrEqual(1024)
  })
})
