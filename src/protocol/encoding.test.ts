import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Json } from '../kit/index.ts'
import { Publication, type PublicationFields } from './publication.ts'
import { push } from './push.ts'
import { encodeConnectResult, encodeErrorReply, encodeReply, encodeSubscribeResult } from './reply.ts'

const json = fc.jsonValue().map((value): Json => JSON.parse(JSON.stringify(value)))
const info = fc.record({ user: fc.string(), client: fc.string(), conn_info: json }, { requiredKeys: ['user', 'client'] })
const fields: fc.Arbitrary<PublicationFields> = fc.record(
  { data: json, offset: fc.maxSafeNat(), key: fc.string(), tags: fc.dictionary(fc.string(), fc.string()), info },
  { requiredKeys: ['data'] },
)

/** What the wire form must parse to. */
function expected({ data, offset, key, tags, info: who }: PublicationFields): unknown {
  return JSON.parse(JSON.stringify({ data, offset: offset === 0 ? undefined : offset, key, tags, info: who }))
}

describe('encoding', () => {
  test('[U19] a publication is one JSON object with what is absent left out, and crosses to another node unchanged', () => {
    fc.assert(
      fc.property(fields, given => {
        const publication = new Publication(given)
        expect(JSON.parse(publication.json)).toEqual(expected(given))
        expect(new Publication(publication.fields()).json).toBe(publication.json)
        expect(JSON.parse(publication.at(9, 5).json)).toEqual(expected({ ...given, offset: 9 }))
      }),
    )
  })

  test('[U19] publications spliced into a reply read as if the whole had been encoded at once', () => {
    fc.assert(
      fc.property(fc.array(fields, { maxLength: 4 }), json, fc.boolean(), (list, data, bare) => {
        const publications = list.map(given => new Publication(given))
        const head = bare ? {} : { recoverable: true, epoch: 'e', offset: 4, data }
        expect(JSON.parse(encodeSubscribeResult({ ...head, publications }))).toEqual({ ...head, publications: list.map(expected) })
      }),
    )
  })

  test('[U19] where delta was negotiated a whole publication carries its data as text', () => {
    const result = encodeSubscribeResult({ delta: true, publications: [new Publication({ data: { a: 1 }, offset: 3 })] })
    expect(JSON.parse(result)).toEqual({ delta: true, publications: [{ data: '{"a":1}', offset: 3 }] })
  })

  test('[U19] replies and pushes quote what they carry', () => {
    fc.assert(
      fc.property(fc.string(), fields, info, (channel, given, who) => {
        const publication = new Publication(given)
        const subs = new Map([[channel, { error: { code: 103, message: channel } }]])
        expect(JSON.parse(push.publication(channel, publication))).toEqual({ channel, pub: expected(given) })
        expect(JSON.parse(push.join(channel, who))).toEqual({ channel, join: { info: who } })
        expect(JSON.parse(push.leave(channel, who))).toEqual({ channel, leave: { info: who } })
        expect(JSON.parse(push.subscribe(channel, { offset: 1 }))).toEqual({ channel, subscribe: { offset: 1 } })
        const connected = JSON.parse(encodeReply(3, 'connect', encodeConnectResult({ client: channel, version: '' }, subs)))
        expect(connected.connect).toMatchObject({ client: channel })
        expect(Object.getOwnPropertyDescriptor(connected.connect.subs, channel)?.value).toEqual({ error: { code: 103, message: channel } })
      }),
    )
  })

  test('[U19] an error without a command to answer has no id', () => {
    expect(JSON.parse(encodeErrorReply(0, { code: 107, message: 'm' }))).toEqual({ error: { code: 107, message: 'm' } })
    expect(JSON.parse(encodeErrorReply(4, { code: 107, message: 'm' }))).toEqual({ id: 4, error: { code: 107, message: 'm' } })
  })
})
