import type { Log } from '../../hub/index.ts'
import { type Clock, everyAsync, type Random, randomId, type Timer, within } from '../../kit/index.ts'
import { appendMs } from './append-queue.ts'
import type { LogChannel } from './log-channel.ts'
import type { LogPartition } from './log-partition.ts'
import { bytesOf, type LogEntry, type SharedLog } from './shared-log.ts'
import { loadState, markEntry, removalEntry, rowEntry, rowKey, type StateMark } from './state-rows.ts'

export interface StateWriterOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Keeps the newest record of each key, in as many partitions as the channels have. */
  readonly states: SharedLog
  readonly partitions: readonly LogPartition[]
  /** Whether this node writes the states of a partition: one of them does. */
  owns(partition: number): boolean
  /** Whether the channel's namespace is known here. */
  isKnown(channel: string): boolean
}

/** How long a node that starts has to read again at least. */
const writeMs = 10_000
/** How long a row that was emptied stays: far longer than what a former owner wrote may be on its way. */
const emptyMs = 600_000
const batchMax = { records: 500, bytes: 768 * 1024 } as const
const writerBytes = 9

interface WrittenRow {
  readonly channel: string
  /** When it was emptied; undefined while there is something in it. */
  readonly emptySince?: number
}

/** What an owner has written in its term: keys of rows, and versions of stores. */
interface Term {
  readonly writer: string
  readonly begun: number
  readonly epoch: string
  readonly keys: ReadonlyMap<string, WrittenRow>
  readonly versions: Map<LogChannel, readonly number[]>
}

/**
 * Writes what channels hold beside their histories, newest values by key, as whole rows into a compacted log, with the place in the channels' log that
 * they stand for. A node that starts takes the rows and reads on from there. Changes of fields alone could not be compacted.
 */
export class StateWriter {
  readonly #terms = new Map<number, Term>()
  /** Of writes that failed, and may come all the same. */
  readonly #unsure = new Map<number, ReadonlyMap<string, WrittenRow>>()
  readonly #beat: Timer

  constructor(readonly options: StateWriterOptions) {
    const { clock, log } = options
    this.#beat = everyAsync(
      clock,
      writeMs,
      () => this.writeAll(),
      error => log.warn({ err: error }, 'states could not be written'),
    )
  }

  close(): void {
    this.#beat.cancel()
  }

  async writeAll(): Promise<void> {
    for (const partition of this.options.partitions) {
      if (this.options.owns(partition.number)) await this.#write(partition)
      else this.#terms.delete(partition.number)
    }
  }

  async #write(partition: LogPartition): Promise<void> {
    const { number } = partition
    if (!partition.isCurrent) return
    const known = this.#terms.get(number)
    const term = known?.epoch === partition.epoch ? known : await this.#begin(partition)
    const said: StateMark = { writer: term.writer, begun: term.begun, epoch: term.epoch, offset: partition.readTo }
    const changes = changesOf(partition, term, said, { now: this.options.clock.now(), isKnown: this.options.isKnown })
    // What fails may come all the same, when another term has begun: that one must know of it.
    this.#terms.delete(number)
    this.#unsure.set(number, new Map([...(this.#unsure.get(number) ?? []), ...changes.keys]))
    for (const batch of inBatches(changes.entries)) await this.#append(number, batch)
    if (!this.options.owns(number) || partition.epoch !== term.epoch) return
    await this.#append(number, [markEntry(said)])
    this.#terms.set(number, { ...term, keys: changes.keys, versions: changes.versions })
    this.#unsure.delete(number)
  }

  /** Everything is written once in a term, so that nothing of a former one counts. */
  async #begin({ number, epoch }: LogPartition): Promise<Term> {
    const { clock, random, states } = this.options
    const { last } = await states.bounds(number)
    const loaded = await loadState(clock, states, number)
    const keys = new Map(this.#unsure.get(number))
    for (const [key, channel] of loaded.keys) keys.set(key, { channel })
    return { writer: randomId(random, writerBytes), begun: last, epoch, keys, versions: new Map() }
  }

  #append(number: number, batch: readonly LogEntry[]): Promise<void> {
    const { clock, states } = this.options
    return within(clock, appendMs, states.append(number, batch), () => new Error('the state log does not answer'))
  }
}

/** The rows that are to be written, in one turn, so that all stand for the same place. */
function changesOf(
  partition: LogPartition,
  term: Term,
  said: StateMark,
  { now, isKnown }: { readonly now: number; isKnown(channel: string): boolean },
) {
  const entries: LogEntry[] = []
  const keys = new Map<string, WrittenRow>()
  const versions = new Map<LogChannel, readonly number[]>()
  for (const channel of partition.channels()) {
    if (channel.states.length === 0) continue
    const written = term.versions.get(channel)
    versions.set(
      channel,
      channel.states.map(({ version }) => version),
    )
    for (const [store, state] of channel.states.entries()) {
      const since = written?.[store] ?? -1
      for (const { key, publications, version } of state.rows()) {
        const name = rowKey(channel.channel, store, key)
        keys.set(name, { channel: channel.channel })
        if (version > since) entries.push(rowEntry(name, { publications }, said))
      }
    }
  }
  for (const [name, row] of term.keys) {
    if (keys.has(name)) continue
    if (row.emptySince === undefined && isKnown(row.channel)) {
      entries.push(rowEntry(name, { publications: [] }, said))
      keys.set(name, { ...row, emptySince: now })
    } else if (row.emptySince !== undefined && row.emptySince + emptyMs <= now) entries.push(removalEntry(name))
    else keys.set(name, row)
  }
  return { entries, keys, versions }
}

function inBatches(entries: readonly LogEntry[]): readonly LogEntry[][] {
  const batches: LogEntry[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const entry of entries) {
    const size = bytesOf(entry)
    const last = batches.at(-1)
    if (last === undefined || last.length >= batchMax.records || bytes + size > batchMax.bytes) {
      batches.push([entry])
      bytes = size
    } else {
      last.push(entry)
      bytes += size
    }
  }
  return batches
}
