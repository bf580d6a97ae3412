import { afterEach, describe, expect, test } from 'bun:test'
import type { LogReader, LogReading, LogRecord, SharedLog } from '../../src/broker/index.ts'

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
  close(): Promise<void>
}

class Noting implements LogReader {
  readonly records: LogRecord[] = []
  readonly missing: number[] = []

  take(records: readonly LogRecord[]): void {
    this.records.push(...records)
  }

  missed(upTo: number): void {
    this.missing.push(upTo)
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
  })
}
