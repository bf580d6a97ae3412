import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { commandSchemas, decodeCommand } from './command.ts'

const bounds = { depthMax: 8, keysMax: 16, itemsMax: 16 }
const decode = (line: string) => decodeCommand(line, bounds)
const detailOf = (line: string) => {
  const incoming = decode(line)
  return incoming.kind === 'malformed' ? incoming.detail : incoming.kind
}

describe('decodeCommand', () => {
  test('[U14] reads each method of the protocol with its id and its checked parameters', () => {
    const lines: Record<keyof typeof commandSchemas, object> = {
      connect: { token: 't', data: { a: 1 }, subs: { 'a:b': { recover: true, epoch: 'e', offset: 3 } }, name: 'js' },
      subscribe: { channel: 'a:b', recover: true, epoch: 'e', offset: 3, delta: 'fossil', positioned: true, join_leave: true },
      unsubscribe: { channel: 'a:b' },
      publish: { channel: 'a:b', data: [1, null], key: 'k' },
      presence: { channel: 'a:b' },
      presence_stats: { channel: 'a:b' },
      history: { channel: 'a:b', limit: -1, since: { offset: 1 }, reverse: true },
      rpc: { method: 'm', data: 'x' },
      send: { data: 1 },
      refresh: { token: 't' },
      sub_refresh: { channel: 'a:b', token: 't' },
      ping: {},
    }
    for (const [method, params] of Object.entries(lines)) {
      expect(decode(JSON.stringify({ id: 7, [method]: params }))).toEqual({
        kind: 'command',
        command: { id: 7, method, params },
      } as unknown as ReturnType<typeof decode>)
    }
  })

  test('[U14] an empty object is a pong; a field that nobody knows is let through, as newer SDKs send them', () => {
    expect(decode('{}')).toEqual({ kind: 'pong' })
    expect(decode('{"id":1,"subscribe":{"channel":"a:b","flag":9},"trace":1}')).toMatchObject({ kind: 'command' })
  })

  test('[U14] only a message may go without an id', () => {
    expect(decode('{"send":{"data":1}}')).toMatchObject({ kind: 'command', command: { id: 0 } })
    expect(detailOf('{"publish":{"channel":"a","data":1}}')).toBe('id: missing')
  })

  test('[U15] what is wrong is said with its path', () => {
    expect(detailOf('nonsense')).toBe('not valid JSON')
    expect(detailOf('[]')).toBe('not an object')
    expect(detailOf('{"id":-1,"ping":{}}')).toBe('id: not an unsigned 32-bit integer')
    expect(detailOf('{"id":"1","ping":{}}')).toBe('id: not an unsigned 32-bit integer')
    expect(detailOf('{"id":1,"subscribe":{}}')).toStartWith('subscribe.channel: ')
    expect(detailOf('{"id":1,"subscribe":{"channel":"a","offset":-1}}')).toStartWith('subscribe.offset: ')
    expect(detailOf('{"id":1,"connect":{"subs":{"a:b":{"offset":"x"}}}}')).toStartWith('connect.subs.a:b.offset: ')
    expect(detailOf('{"id":1,"history":{"channel":"a","since":{"epoch":1}}}')).toStartWith('history.since.epoch: ')
    expect(detailOf(`{"id":1,"subscribe":{"channel":"${'x'.repeat(256)}"}}`)).toStartWith('subscribe.channel: ')
    expect(detailOf('{"id":1,"subscribe":{"channel":"a\\u0000b"}}')).toBe('subscribe.channel: not a channel name')
    expect(detailOf('{"id":1,"rpc":{"data":{"__proto__":1}}}')).toBe('rpc.data: the key "__proto__" is not allowed')
  })

  test('[U15] a method that nobody knows is told apart from a command that is malformed, with the id to answer', () => {
    expect(decode('{"id":3,"fly":{}}')).toEqual({ kind: 'unknown-method', id: 3 })
    expect(decode('{"id":3}')).toEqual({ kind: 'unknown-method', id: 3 })
    expect(decode('{"id":4,"subscribe":{"channel":1}}')).toMatchObject({ kind: 'malformed', id: 4 })
  })

  test('[U15] no text makes it throw', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), line => void decode(line)))
    const method = fc.constantFrom(...Object.keys(commandSchemas), 'toString', 'hasOwnProperty')
    fc.assert(
      fc.property(method, fc.jsonValue(), fc.jsonValue(), (name, id, params) => void decode(JSON.stringify({ id, [name]: params }))),
    )
  })
})
