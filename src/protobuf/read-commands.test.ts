import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Json } from '../kit/index.ts'
import { decodeCommand } from '../protocol/index.ts'
import { toFields } from './fields.ts'
import { messagesIn, readCommand } from './read-commands.ts'
import { schema } from './schema.ts'

const bounds = { depthMax: 32, keysMax: 256, itemsMax: 10_000 }
const readCommands = (frame: Uint8Array, within: typeof bounds) => [...messagesIn(frame)].map(message => readCommand(message, within))
const data = fc.jsonValue().map((value): Json => JSON.parse(JSON.stringify(value)))
/** What is empty is absent in Protobuf: 0, false, and the empty text. */
const text = fc.string({ minLength: 1, maxLength: 10 })
const yes = fc.constant(true)
const offset = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
const position = { recover: yes, epoch: text, offset }
const part = { requiredKeys: [] }

const commands = fc.oneof(
  fc
    .record(
      {
        token: text,
        data,
        name: text,
        version: text,
        headers: fc.dictionary(text, text, { minKeys: 1 }),
        subs: fc.dictionary(text, fc.record(position, part), { minKeys: 1 }),
      },
      part,
    )
    .map(connect => ({ connect })),
  fc
    .record(
      { channel: text, token: text, data, positioned: yes, recoverable: yes, join_leave: yes, delta: text, flag: offset, ...position },
      { requiredKeys: ['channel'] },
    )
    .map(subscribe => ({ subscribe })),
  fc.record({ channel: text, data, key: text, type: fc.integer({ min: 1, max: 9 }) }, part).map(publish => ({ publish })),
  fc
    .record(
      {
        channel: text,
        limit: fc.integer({ min: -1, max: 99 }).filter(limit => limit !== 0),
        since: fc.record({ epoch: text, offset }, part),
        reverse: yes,
      },
      part,
    )
    .map(history => ({ history })),
  fc.record({ method: text, data }, part).map(rpc => ({ rpc })),
  fc.record({ data }, part).map(send => ({ send })),
  fc.record({ channel: text, token: text }, part).map(fields => ({ sub_refresh: fields })),
  fc.record({ token: text }, part).map(refresh => ({ refresh })),
  fc
    .record({ channel: text }, part)
    .chain(fields => fc.constantFrom('unsubscribe', 'presence', 'presence_stats', 'ping').map(name => ({ [name]: fields }))),
  fc.constant({}),
)
const command = fc.record({ id: fc.integer({ min: 1, max: 0xffffffff }) }, part).chain(head => commands.map(rest => ({ ...head, ...rest })))

function encode(value: object): Uint8Array {
  return schema.command.encodeDelimited(toFields(schema.command, value)).finish()
}

describe('commands in Protobuf', () => {
  test('[U67] what a client says is understood the same in either form, and refused for the same reason', () => {
    fc.assert(
      fc.property(fc.array(command, { minLength: 1, maxLength: 3 }), said => {
        const inJson = said.map(value => decodeCommand(JSON.stringify(value), bounds))
        expect([...readCommands(Buffer.concat(said.map(encode)), bounds)]).toEqual(inJson)
      }),
      { numRuns: 2000 },
    )
  })

  test('[U68] a frame that is cut, or has other bytes in it, gives what stands before and never an error', () => {
    fc.assert(
      fc.property(command, command, fc.nat(), fc.uint8Array({ maxLength: 20 }), (first, second, cut, noise) => {
        const [whole, broken] = [encode(first), encode(second)]
        const [read] = readCommands(whole, bounds)
        const rest = Buffer.concat([broken.subarray(0, cut % (broken.length + 1)), noise])
        const [before, ...after] = readCommands(Buffer.concat([whole, rest]), bounds)
        expect(before).toEqual(read)
        expect(after.length).toBeLessThanOrEqual(rest.length)
      }),
      { numRuns: 2000 },
    )
  })

  test('[U68] what nests without an end is no command', () => {
    const nest = (bytes: Uint8Array, tag: number): Uint8Array => {
      const length = bytes.length
      const head = length < 128 ? [tag, length] : [tag, (length & 127) | 128, length >> 7]
      return Buffer.concat([Uint8Array.from(head), bytes])
    }
    let filter: Uint8Array = new Uint8Array()
    for (let depth = 0; depth < 3000; depth++) filter = nest(filter, 0x32)
    const subscribe = nest(nest(filter, 0x6a), 0x2a)
    // Groups of a field that nobody knows.
    const groups = Buffer.from('a301'.repeat(6000), 'hex')
    for (const body of [subscribe, groups]) {
      const message = Buffer.concat([Uint8Array.from([8, 7]), body])
      const frame = Buffer.concat([Uint8Array.from([(message.length & 127) | 128, message.length >> 7]), message])
      expect([...readCommands(frame, bounds)]).toEqual([{ kind: 'malformed', id: 7, detail: 'not a Command in Protobuf' }])
    }
  })
})
