import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { BrokerMessage } from '../../hub/index.ts'
import type { Json } from '../../kit/index.ts'
import { Publication } from '../../protocol/index.ts'
import { type ChannelMessage, entryOf, readEntry } from './record-form.ts'

const bounds = { json: { depthMax: 8, keysMax: 20, itemsMax: 20 }, bytesMax: 1000 }
const text = fc.string({ maxLength: 12, unit: 'grapheme' }).filter(value => value.isWellFormed() && value !== '__proto__')
const data: fc.Arbitrary<Json> = fc
  .json({ maxDepth: 3 })
  .filter(value => !/__proto__|constructor|prototype/.test(value))
  .map((value): Json => JSON.parse(value))
const info = fc.record({ user: text, client: text })
const options = fc.record(
  { key: text, lane: text, tags: fc.dictionary(text, text, { noNullPrototype: true }), info, delta: fc.constant(true) },
  { requiredKeys: [] },
)
const publish = fc.record({ idempotencyKey: text, skipHistory: fc.constant(true) }, { requiredKeys: [] })

const plain = (message: BrokerMessage) =>
  message.kind === 'publication' ? { ...message, publication: message.publication.fields() } : message

describe('the form of a record', () => {
  test('[LB6] a record says what was appended: its value is the data as given, its key the channel, the rest stands in headers', () => {
    fc.assert(
      fc.property(text, data, options, publish, (channel, value, told, how) => {
        const message: ChannelMessage = { kind: 'publish', channel, data: value, options: { ...told, ...how } }
        const entry = entryOf('a.1', message)
        expect([entry.key, entry.value, entry.headers?.id]).toEqual([channel, JSON.stringify(value), 'a.1'])
        const read = readEntry(entry.key, entry, bounds)
        if (read !== 'too large') expect(read).toEqual(message)
      }),
    )
  })

  test('[LB6] so does what is announced with a place of its own, who came or left, and that a history was removed', () => {
    const publication = new Publication({ data: { a: 1 }, offset: 9, after: 4, time: 7, key: 'k', tags: { a: 'b' }, delta: true })
    const infos = [{ user: 'u', client: 'c' }]
    const messages: BrokerMessage[] = [
      { kind: 'publication', publication, epoch: 'e' },
      { kind: 'join', infos },
      { kind: 'leave', infos },
    ]
    for (const message of messages) {
      const read = readEntry('c', entryOf('a.1', { kind: 'announce', channel: 'c', message }), bounds)
      if (typeof read === 'string' || read.kind !== 'announce') throw new Error('not announced')
      expect(plain(read.message)).toEqual(plain(message))
    }
    expect(readEntry('c', entryOf('a.1', { kind: 'remove', channel: 'c' }), bounds)).toEqual({ kind: 'remove', channel: 'c' })
  })

  test('[LB7] a record without headers is a publication, and headers of other systems mean nothing', () => {
    const value = '{"price": 12.50}'
    const publication = { kind: 'publish', channel: 'news:1', data: { price: 12.5 } } as const
    expect(readEntry('news:1', { key: 'news:1', value }, bounds)).toEqual({ ...publication, options: {} })
    const headers = { traceparent: '00-ab-cd-01', id: '17', kind: 'order', key: 'AAPL' }
    expect(readEntry('news:1', { key: 'news:1', value, headers }, bounds)).toEqual({ ...publication, options: { key: 'AAPL' } })
  })

  test.each([
    ['not JSON', 'hello', {}],
    ['not JSON', '', {}],
    ['not JSON', '{"a":1', {}],
    ['not JSON', '{"__proto__":{}}', {}],
    ['not JSON', '[[[[[[[[[[1]]]]]]]]]]', {}],
    ['too large', JSON.stringify('x'.repeat(1000)), {}],
    ['too large', JSON.stringify('ü'.repeat(500)), {}],
    ['ill-formed', '1', { tags: 'none' }],
    ['ill-formed', '1', { tags: '{"a":1}' }],
    ['ill-formed', '1', { kind: 'announce' }],
    ['ill-formed', '1', { kind: 'announce', place: '{"offset":1}' }],
    ['ill-formed', '1', { kind: 'join' }],
  ] as const)('[LB8] what cannot be read is called %s: %s', (reason, value, headers) => {
    expect(readEntry('news:1', { key: 'news:1', value, headers }, bounds)).toBe(reason)
  })
})
