import { describe, expect, test } from 'bun:test'
import { type CompressionAlgorithmValue, createRecordsBatch, type MessageRecord } from '@platformatic/kafka'
import fc from 'fast-check'
import { recordsOf } from './record-batch.ts'

const message = (value: string, more: Partial<MessageRecord> = {}): MessageRecord => ({
  topic: 't',
  key: Buffer.from('k'),
  value: Buffer.from(value),
  timestamp: 1_000n,
  ...more,
})
const headers = (entries: Readonly<Record<string, string>>) =>
  new Map(Object.entries(entries).map(([name, value]) => [Buffer.from(name), Buffer.from(value)]))

/** As Kafka stores it: the place of its first record is Kafka's to give. */
function batch(first: number, messages: MessageRecord[], compression: CompressionAlgorithmValue = 'none'): Buffer {
  const bytes = Buffer.from(createRecordsBatch(messages, { compression }).buffer)
  bytes.writeBigInt64BE(BigInt(first), 0)
  return bytes
}

const attributesAt = 21
const maxTimeAt = 35
const producerAt = 43
const valuesOf = (bytes: Buffer, after = 0) => recordsOf(bytes, after).records.map(({ value }) => value)

describe('batches of records', () => {
  test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)(
    '[KF20] are read as writers of other systems compress them: %s',
    compression => {
      const text = 'some words that repeat, '.repeat(20)
      const messages = [message(text), message('ü😀', { headers: headers({ id: '1', tags: '{"a":"ü"}' }) })]
      expect(recordsOf(batch(7, messages, compression), 0)).toEqual({
        records: [
          { key: 'k', value: text, offset: 8, time: 1000 },
          { key: 'k', value: 'ü😀', headers: { id: '1', tags: '{"a":"ü"}' }, offset: 9, time: 1000 },
        ],
        readTo: 9,
        unreadable: [],
      })
    },
  )

  test('[KF20] give what is after an offset, and go as far as they are whole', () => {
    const bytes = Buffer.concat([batch(0, [message('1'), message('2')]), batch(2, [message('3')]), batch(3, [message('4')])])
    expect(valuesOf(bytes, 1)).toEqual(['2', '3', '4'])
    const cut = recordsOf(bytes.subarray(0, -1), 1)
    expect([cut.records.map(({ value }) => value), cut.readTo]).toEqual([['2', '3'], 3])
    expect(recordsOf(Buffer.alloc(0), 5)).toEqual({ records: [], readTo: 5, unreadable: [] })
  })

  test('[KF20] have the time of the log where it gives times', () => {
    const bytes = batch(0, [message('1', { timestamp: 10n }), message('2', { timestamp: 20n })])
    expect(recordsOf(bytes, 0).records.map(({ time }) => time)).toEqual([10, 20])
    bytes.writeInt16BE(0b1000, attributesAt)
    bytes.writeBigInt64BE(99n, maxTimeAt)
    expect(recordsOf(bytes, 0).records.map(({ time }) => time)).toEqual([99, 99])
  })

  test('[KF21] a marker of a transaction is no record, and is passed all the same', () => {
    const marker = batch(1, [message('commit')])
    marker.writeInt16BE(0b11_0000, attributesAt)
    const { records, readTo } = recordsOf(Buffer.concat([batch(0, [message('1')]), marker]), 0)
    expect([records.map(({ value }) => value), readTo]).toEqual([['1'], 2])
  })

  test('[KF21] a batch that cannot be read is passed over whole and named, and those behind it are read', () => {
    const broken = batch(1, [message('2'), message('3')])
    // No compression has this number.
    broken.writeInt16BE(0b111, attributesAt)
    const { records, readTo, unreadable } = recordsOf(Buffer.concat([batch(0, [message('1')]), broken, batch(3, [message('4')])]), 0)
    expect([records.map(({ value, offset }) => [value, offset]), readTo]).toEqual([
      [
        ['1', 1],
        ['4', 4],
      ],
      4,
    ])
    expect(unreadable).toEqual([{ offset: 2, reason: expect.any(String) }])
  })

  test('[KF21] whatever bytes a batch holds, reading ends, and what follows it is read', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(39), (noise, from) => {
        const middle = batch(1, [message('x'.repeat(60)), message('y')])
        // Behind the length and the format, which Kafka looks at itself.
        middle.set(noise.subarray(0, middle.length - attributesAt - from), attributesAt + 2 + from)
        const { records } = recordsOf(Buffer.concat([batch(0, [message('1')]), middle, batch(3, [message('4')])]), 0)
        expect(records.at(0)?.value).toBe('1')
        expect(records.at(-1)?.value).toBe('4')
      }),
    )
  })

  test('[KF72] records of a transaction that was given up are not there, and are passed all the same', () => {
    const given = (first: number, producer: number, value: string, attributes = 0b1_0000) => {
      const bytes = batch(first, [message(value)])
      bytes.writeInt16BE(attributes, attributesAt)
      bytes.writeBigInt64BE(BigInt(producer), producerAt)
      return bytes
    }
    const marker = (first: number, producer: number) => given(first, producer, 'marker', 0b11_0000)
    const bytes = Buffer.concat([
      given(0, 7, 'kept before'),
      marker(1, 7),
      given(2, 7, 'given up'),
      given(3, 8, 'of another'),
      given(4, -1, 'in no transaction', 0),
      given(5, 7, 'given up as well'),
      marker(6, 7),
      marker(7, 8),
      given(8, 7, 'kept after'),
      marker(9, 7),
      given(10, 7, 'given up again'),
    ])
    const aborted = [
      { producer: 7, first: 11 },
      { producer: 7, first: 3 },
    ]
    const { records, readTo } = recordsOf(bytes, 0, aborted)
    expect(records.map(({ value }) => value)).toEqual(['kept before', 'of another', 'in no transaction', 'kept after'])
    expect(readTo).toBe(11)
    const middle = Buffer.concat([given(5, 7, 'given up as well'), marker(6, 7), given(8, 7, 'kept after')])
    expect(recordsOf(middle, 5, [{ producer: 7, first: 3 }]).records.map(({ value }) => value)).toEqual(['kept after'])
  })

  test('[KF20] a record without key, value or headers is read as empty', () => {
    const bare = message('')
    Reflect.set(bare, 'value', null)
    Reflect.set(bare, 'key', undefined)
    expect(recordsOf(batch(0, [bare]), 0).records).toEqual([{ key: '', value: '', offset: 1, time: 1000 }])
  })
})
