import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { applyDelta } from 'fossil-delta'
import protobuf from 'protobufjs'
import type { Json } from '../../kit/index.ts'
import { fromFields } from '../../protobuf/fields.ts'
import { schema } from '../../protobuf/schema.ts'
import { encodeErrorReply, encodeReply, Publication, type PublicationFields, push } from '../../protocol/index.ts'
import { Frame, replyFrame } from './frame.ts'
import { ConnectReply, DeltaPush, HistoryReply, PublicationPush, SubscribeReply } from './message.ts'
import { protobufWire } from './wire.ts'

const json = fc.jsonValue().map((value): Json => JSON.parse(JSON.stringify(value)))
/** In Protobuf an empty text is an absent one. */
const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 })
const info = fc.record({ user: text, client: text, conn_info: json, chan_info: json }, { requiredKeys: ['user', 'client'] })
const fields: fc.Arbitrary<PublicationFields> = fc.record(
  { data: json, offset: fc.maxSafeNat(), key: text, tags: fc.dictionary(text, text, { minKeys: 1 }), info },
  { requiredKeys: ['data'] },
)
const publications = fc.array(
  fields.map(given => new Publication(given)),
  { minLength: 1, maxLength: 4 },
)

/** What a client reads from a frame in Protobuf. */
function repliesIn(frame: Uint8Array): { readonly [name: string]: Json }[] {
  const reader = protobuf.Reader.create(frame)
  const replies = []
  while (reader.pos < reader.len) {
    const reply = schema.reply.toObject(schema.reply.decodeDelimited(reader), { longs: Number })
    replies.push(fromFields(schema.reply, reply))
  }
  return replies
}

function expectSame(frame: Frame): void {
  const lines: unknown[] = frame.websocket.split('\n').map(line => JSON.parse(line))
  expect<unknown[]>(repliesIn(frame.protobuf)).toEqual(lines)
}

describe('messages', () => {
  test('[U60] publications, answers with them, and what is said once read the same in Protobuf as in JSON', () => {
    fc.assert(
      fc.property(text, publications, info, json, (channel, list, who, data) => {
        const epoch = 'e'
        expectSame(
          new Frame(
            list.map(publication => new PublicationPush(channel, publication)),
            'push',
          ),
        )
        expectSame(replyFrame(new SubscribeReply(7, { epoch, offset: 3, recoverable: true, publications: list, data })))
        expectSame(replyFrame(new HistoryReply(8, { epoch, offset: 9 }, list)))
        const subs = new Map([
          [channel, { epoch, publications: list }],
          [`${channel}:2`, { epoch, data }],
        ])
        expectSame(replyFrame(new ConnectReply(9, { client: 'c', version: '1', data, pong: true }, subs)))
        expectSame(new Frame([push.join(channel, who), push.leave(channel, who), push.message(data), push.refresh(5)], 'push'))
        expectSame(new Frame([push.unsubscribe(channel, { code: 2500, reason: 'r' })], 'push'))
        expectSame(new Frame([encodeErrorReply(4, { code: 100, message: 'm', temporary: true }), '{}'], 'reply'))
        expectSame(replyFrame(encodeReply(5, 'presence', JSON.stringify({ presence: { [channel]: who } }))))
      }),
    )
  })

  test('[U61] who negotiated delta gets the JSON itself or the delta to the JSON before, in bytes', () => {
    const words = (n: number) => new Publication({ data: { n, words: '日本語テキスト'.repeat(20) }, offset: n })
    const [base, next] = [words(1), words(2)]
    const [whole, delta] = [new DeltaPush('a', base, undefined), new DeltaPush('a', next, base)].map(push => {
      const { pub } = schema.reply.toObject(schema.reply.decodeDelimited(push.protobuf)).push
      return pub
    })
    expect(Buffer.from(whole.data).toString()).toBe(JSON.stringify(base.data))
    expect([whole.delta, delta.delta]).toEqual([undefined, true])
    expect(delta.data.length).toBeLessThan(100)
    expect(Buffer.from(applyDelta(whole.data, delta.data)).toString()).toBe(JSON.stringify(next.data))
  })

  test('[U62] half a surrogate pair becomes what UTF-8 has for it', () => {
    const frame = new Frame(
      [new PublicationPush('a\ud800', new Publication({ data: '\ud800', key: '\udc00', tags: { '\ud800': '\ud800' } }))],
      'push',
    )
    expect(repliesIn(frame.protobuf)).toEqual([
      { push: { channel: 'a\ufffd', pub: { data: '\ud800', key: '\ufffd', tags: { '\ufffd': '\ufffd' } } } },
    ])
  })

  test('[U63] each form is made once, and is the same bytes for all who get it', () => {
    const publication = new Publication({ data: 'x', offset: 1 })
    const frame = new Frame([new PublicationPush('a', publication)], 'push', 1, true)
    const wire = protobufWire()
    expect(wire.packOne(frame, undefined)).toBe(wire.packOne(frame, undefined))
    expect(wire.packOne(frame, undefined)).toBe(frame.protobuf)
    const made = publication.encoded(() => {
      throw new Error('made twice')
    })
    expect(Buffer.from(frame.protobuf).includes(made)).toBe(true)
  })
})
