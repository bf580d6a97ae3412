import { afterEach, describe, expect, test } from 'bun:test'
import type { LogBounds, LogReader, LogReading, LogRecord, SharedLog } from '../../src/broker/index.ts'

/** A log as two nodes have it, each by a way of its own. */
export interface SharedLogStage {
  readonly log: SharedLog
  readonly other: SharedLog
  /** Lets time pass until it is done. */
  done<T>(work: Promise<T>): Promise<T>
  /** Lets what is on its way arrive. */
  settle(): Promise<void>
  /** Has the log forget everything up to an offset. */
  truncate(partition: number, upTo: number): Promise<void>
  /** Puts another log of the same name in its place, with nothing in it. */
  recreate(): Promise<void>
  close(): Promise<void>
}

class Noting implements LogReader {
  readonly records: LogRecord[] = []
  readonly missing: number[] = []
  readonly restarts: LogBounds[] = []

  take(records: readonly LogRecord[]): void {
    this.records.push(...records)
  }

  missed(upTo: number): void {
    this.missing.push(upTo)
  }

  restarted(bounds: LogBounds): void {
    this.restarts.push(bounds)
  }

  get values(): string[] {
    return this.records.map(({ value }) => value)
  }
}

const entries = (...values: string[]) => values.map(value => ({ key: 'k', value }))
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => String(from + index))

export function sharedLogContract(name: string, open: () => Promise<SharedLogStage>): void {
  const stages: SharedLogStage[] = []
  const readings: LogReading[] = []
  const start = async () => {
    const stage = await open()
    stages.push(stage)
    const { log, done, settle } = stage
    const append = async (partition: number, ...values: string[]) => {
      await done(log.append(partition, entries(...values)))
      await settle()
    }
    const read = async (partition: number, after: number, from = log) => {
      const reader = new Noting()
      const reading = from.read(partition, after, reader)
      readings.push(reading)
      await settle()
      return { reader, reading }
    }
    return { ...stage, append, read }
  }

  afterEach(async () => {
    for (const reading of readings.splice(0)) reading.close()
    for (const stage of stages.splice(0)) await stage.close()
  })

  describe(`the shared log contract: ${name}`, () => {
    test('[N20] gives every reader all records of a partition in the order in which they were appended, and those that come', async () => {
      const { other, append, read } = await start()
      await append(0, '1', '2')
      const before = await read(0, 0)
      const elsewhere = await read(0, 0, other)
      await append(0, '3')
      await append(0, ...range(4, 1200))
      for (const { reader } of [before, elsewhere]) {
        expect(reader.values).toEqual(range(1, 1200))
        const offsets = reader.records.map(({ offset }) => offset)
        expect(offsets).toEqual(offsets.toSorted((left, right) => left - right))
        expect([offsets[0] ?? 0, new Set(offsets).size]).toEqual([expect.any(Number), 1200])
        expect(offsets[0]).toBeGreaterThan(0)
      }
      expect(elsewhere.reader.records).toEqual(before.reader.records)
    })

    test('[N20] begins after the offset that it is given, and ends when the reading is closed', async () => {
      const { append, read } = await start()
      await append(0, ...range(1, 5))
      const { reader } = await read(0, 0)
      const third = reader.records[2]?.offset ?? 0
      const later = await read(0, third)
      expect(later.reader.values).toEqual(['4', '5'])
      later.reading.close()
      await append(0, '6')
      expect([later.reader.values, reader.values]).toEqual([['4', '5'], range(1, 6)])
    })

    test('[N20] says how far a partition reaches: the same epoch for all, the oldest record and the newest', async () => {
      const { log, other, done, append, read, truncate, settle } = await start()
      const empty = await done(log.bounds(0))
      expect(empty.first).toBe(empty.last + 1)
      await append(0, '1', '2', '3')
      await append(1, 'elsewhere')
      const { reader } = await read(0, 0)
      const [first, second, third] = reader.records.map(({ offset }) => offset)
      const bounds = await done(other.bounds(0))
      expect(bounds).toEqual({ epoch: empty.epoch, first: first ?? 0, last: third ?? 0 })
      expect(bounds.epoch).not.toBe('')
      await truncate(0, second ?? 0)
      await settle()
      expect(await done(log.bounds(0))).toEqual({ ...bounds, first: third ?? 0 })
      await truncate(0, third ?? 0)
      await settle()
      expect(await done(log.bounds(0))).toEqual({ ...bounds, first: bounds.last + 1 })
    })

    test('[N21] a reader that asks for what the log has dropped is told so, and goes on behind it', async () => {
      const { append, read, truncate } = await start()
      await append(0, ...range(1, 5))
      const { reader } = await read(0, 0)
      const third = reader.records[2]?.offset ?? 0
      await truncate(0, third)
      const late = await read(0, 0)
      expect([late.reader.missing, late.reader.values]).toEqual([[third], ['4', '5']])
    })

    test('[N20] times never go back within a partition', async () => {
      const { append, read, settle } = await start()
      for (const value of range(1, 4)) {
        await append(0, value)
        await settle()
      }
      const { reader } = await read(0, 0)
      const times = reader.records.map(({ time }) => time)
      expect(times).toHaveLength(4)
      expect(times).toEqual(times.toSorted((left, right) => left - right))
    })

    test('[LB1] a record has its key, its value as it was given and its headers, or none', async () => {
      const { log, done, settle, read } = await start()
      const given = [
        { key: 'news:1', value: '{"a": [1,  "ü😀"]}', headers: { id: 'n.1', tags: '{"a":"ü"}' } },
        { key: '', value: 'no JSON' },
        { key: 'news:2', value: '' },
      ]
      await done(log.append(0, given))
      await settle()
      const { reader } = await read(0, 0)
      expect(reader.records.map(({ offset, time, ...entry }) => entry)).toEqual(given)
    })

    test('[LB2] names the last offset before a time, so that a reading behind it misses nothing since then', async () => {
      const { log, done, append, read } = await start()
      expect(await done(log.offsetAt(0, 1))).toBe(0)
      for (const value of range(1, 5)) await append(0, value)
      const { reader } = await read(0, 0)
      const times = reader.records.map(({ time }) => time)
      const offsetBefore = (timeMs: number) => reader.records.findLast(({ time }) => time < timeMs)?.offset ?? 0
      for (const time of [...times, (times.at(-1) ?? 0) + 1, 1]) expect(await done(log.offsetAt(0, time))).toBe(offsetBefore(time))
    })

    test('[LB3] gives pieces within limits that lead from any offset to the end, and pass over what was dropped', async () => {
      const { log, done, append, read, truncate, settle } = await start()
      await append(0, ...range(1, 20))
      const { reader } = await read(0, 0)
      const last = reader.records.at(-1)?.offset ?? 0
      const from = async (after: number, limits: { records: number; bytes: number }) => {
        const values: string[] = []
        const sizes: number[] = []
        for (let at = after; at < last; ) {
          const { records, readTo } = await done(log.slice(0, at, limits))
          expect(readTo).toBeGreaterThan(at)
          values.push(...records.map(({ value }) => value))
          sizes.push(records.length)
          at = readTo
        }
        return { values, largest: Math.max(...sizes) }
      }
      expect(await from(0, { records: 7, bytes: 1_000_000 })).toEqual({ values: range(1, 20), largest: 7 })
      expect(await from(0, { records: 100, bytes: 1 })).toEqual({ values: range(1, 20), largest: 1 })
      const third = reader.records[2]?.offset ?? 0
      expect((await from(third, { records: 100, bytes: 1_000_000 })).values).toEqual(range(4, 20))
      expect((await done(log.slice(0, last, { records: 5, bytes: 100 }))).records).toEqual([])
      await truncate(0, third)
      await settle()
      expect((await from(0, { records: 100, bytes: 1_000_000 })).values).toEqual(range(4, 20))
    })

    test('[LB4] a log that was made anew is another: its readers are told its epoch and bounds, and go on with what is in it', async () => {
      const { log, other, done, append, read, recreate, settle } = await start()
      await append(0, '1', '2', '3')
      const { reader } = await read(0, 0)
      const before = await done(log.bounds(0))
      await recreate()
      await settle()
      await append(0, 'anew')
      const bounds = await done(other.bounds(0))
      expect(bounds.epoch).not.toBe(before.epoch)
      expect(reader.restarts.map(({ epoch }) => epoch)).toEqual([bounds.epoch])
      expect(reader.values).toEqual(['1', '2', '3', 'anew'])
    })
  })
}
