import { z } from 'zod'
import type { StateRow } from '../../hub/index.ts'
import { type Clock, within } from '../../kit/index.ts'
import { Publication, type PublicationFields } from '../../protocol/index.ts'
import { parsed } from './parsed.ts'
import type { LogEntry, LogRecord, SharedLog } from './shared-log.ts'

/** A row of a channel's state as it lies in the state log. */
export interface LoadedRow {
  readonly channel: string
  readonly store: number
  readonly publications: readonly Publication[]
}

/** What a state log says of a partition of channels. */
export interface LoadedState {
  /** Keys of all its rows with their channels, also of those that are empty or cannot be read here. */
  readonly keys: ReadonlyMap<string, string>
  readonly rows: readonly LoadedRow[]
  /** The rows hold everything up to here: what came later must be read. Undefined where nobody has said so yet. */
  readonly standsFor: { readonly epoch: string; readonly offset: number } | undefined
}

/** Who wrote a record, and for which place of the channels' log it stands. */
export interface StateMark {
  /** Another one with every term of an owner. */
  readonly writer: string
  /** The end of the state log when that term began. */
  readonly begun: number
  readonly epoch: string
  readonly offset: number
}

const markKey = 'mark'
const mark = z.object({ writer: z.string(), begun: z.number(), epoch: z.string(), offset: z.number() })
const place = z.tuple([z.string(), z.number(), z.string().nullable()])
const fields = z.looseObject({ data: z.json() })
const row = z.custom<readonly PublicationFields[]>(value => z.array(fields).safeParse(value).success)
const sliceMax = { records: 1000, bytes: 4 * 1024 * 1024 } as const
const sliceMs = 5000

export function rowKey(channel: string, store: number, key: string | undefined): string {
  return JSON.stringify([channel, store, key ?? null])
}

export function rowEntry(key: string, { publications }: Pick<StateRow, 'publications'>, { writer, offset }: StateMark): LogEntry {
  const value = JSON.stringify(publications.map(publication => publication.fields()))
  return { key, value, headers: { writer, offset: String(offset) } }
}

/** The key is gone for good, and Kafka may forget it. It cannot say who wrote it, so it comes long after the row was emptied. */
export function removalEntry(key: string): LogEntry {
  return { key, value: '' }
}

export function markEntry(said: StateMark): LogEntry {
  return { key: markKey, value: JSON.stringify(said) }
}

/** Everything that a partition of a state log holds. @throws where the log does not answer */
export async function loadState(clock: Clock, states: SharedLog, partition: number): Promise<LoadedState> {
  const soon = <T>(work: Promise<T>) => within(clock, sliceMs, work, () => new Error('the state log does not answer'))
  const { first, last } = await soon(states.bounds(partition))
  const newest = new Map<string, LogRecord>()
  for (let at = first - 1; at < last; ) {
    const { records, readTo } = await soon(states.slice(partition, at, sliceMax))
    for (const record of records) newest.set(record.key, record)
    at = Math.max(readTo, at + 1)
  }
  const said = mark.safeParse(parsed(newest.get(markKey)?.value ?? '')).data
  newest.delete(markKey)
  const left = [...newest.values()].filter(({ value }) => value !== '')
  const rows = left.flatMap(rowOf)
  const keys = new Map(left.flatMap(({ key }) => channelOf(key).map(channel => [key, channel])))
  return { keys, rows, standsFor: said && { epoch: said.epoch, offset: offsetOf(said, [...newest.values()]) } }
}

/** A row that a former owner wrote late may lack what came after it, whatever the present one says. */
function offsetOf({ writer, begun, offset }: StateMark, records: readonly LogRecord[]): number {
  const late = records.flatMap(({ headers, offset: at }) =>
    headers !== undefined && headers.writer !== writer && at > begun ? [Number(headers.offset)] : [],
  )
  return Math.min(offset, ...late)
}

function channelOf(key: string): readonly string[] {
  const read = place.safeParse(parsed(key))
  return read.success ? [read.data[0]] : []
}

function rowOf({ key, value }: LogRecord): readonly LoadedRow[] {
  const at = place.safeParse(parsed(key)).data
  const publications = row.safeParse(parsed(value)).data
  if (at === undefined || publications === undefined) return []
  return [{ channel: at[0], store: at[1], publications: publications.map(given => new Publication(given)) }]
}
