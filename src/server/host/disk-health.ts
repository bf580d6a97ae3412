import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import type { HistoryEntry, HistoryLog, Log, StoredStream } from '../../hub/index.ts'
import type { Clock } from '../../kit/index.ts'
import { CommandError, errors } from '../../protocol/index.ts'
import type { SqliteHistory } from '../../store/index.ts'
import type { Config } from '../config/index.ts'

/** Free bytes below which nothing new should come here: a write-ahead log of SQLite, and the files beside it, grow by whole megabytes. */
const freeBytesMin = 1024 * 1024
/** Between two lines on the same trouble: a full disk fails every publish. */
const logThrottleMs = 10_000
/** Between two tries whether it can be written again. */
const probeMs = 1_000

export interface DiskHealthOptions {
  /** The folder of stored data; absent if it is in memory. */
  readonly folder: string | undefined
  readonly clock: Clock
  readonly log: Log
  /** Writes something small. @throws where that fails */
  readonly probe: () => void
}

/** Whether what is to be kept can be written: told by the writes themselves, and by the room that is left. */
export class DiskHealth {
  /** Writes that failed, since the start. */
  failures = 0
  #trouble: string | undefined
  #saidAt = Number.NEGATIVE_INFINITY
  #probedAt = Number.NEGATIVE_INFINITY

  constructor(readonly options: DiskHealthOptions) {}

  failed(error: unknown): void {
    const { clock, log } = this.options
    this.failures++
    this.#trouble = `the store cannot be written: ${error instanceof Error ? error.message : error}`
    if (clock.now() - this.#saidAt < logThrottleMs) return
    this.#saidAt = clock.now()
    log.error({ reason: this.#trouble, failures: this.failures }, 'the data folder cannot be written')
  }

  succeeded(): void {
    if (this.#trouble === undefined) return
    this.#trouble = undefined
    this.#saidAt = Number.NEGATIVE_INFINITY
    this.options.log.info({ failures: this.failures }, 'the data folder can be written again')
  }

  /** Why nothing can be kept at the moment; undefined where all is well. Tries again where a write failed before. */
  trouble(): string | undefined {
    const { clock, probe } = this.options
    if (this.#trouble !== undefined && clock.now() - this.#probedAt >= probeMs) {
      this.#probedAt = clock.now()
      try {
        probe()
        this.succeeded()
      } catch (error) {
        this.failed(error)
      }
    }
    return this.#trouble ?? this.#shortage()
  }

  #shortage(): string | undefined {
    const { folder } = this.options
    if (folder === undefined) return undefined
    const { bavail, bsize } = statfsSync(folder)
    const free = bavail * bsize
    return free >= freeBytesMin ? undefined : `the disk of ${folder} is full: ${free} bytes are free`
  }
}

export function diskHealthOf(
  { store }: Config,
  history: SqliteHistory,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): DiskHealth {
  const folder = store.path === ':memory:' ? undefined : dirname(store.path)
  return new DiskHealth({ folder, clock, log, probe: () => history.probe() })
}

/** A history whose writes tell how the disk is. Publishers get a temporary error where it fails, and no line of the log each. */
export class WatchedHistory implements HistoryLog {
  constructor(
    readonly inner: HistoryLog,
    readonly health: DiskHealth,
  ) {}

  load(channel: string): StoredStream | undefined {
    return this.inner.load(channel)
  }

  append(entries: readonly HistoryEntry[]): void {
    this.#write(() => this.inner.append(entries))
  }

  remove(channel: string): void {
    this.#write(() => this.inner.remove(channel))
  }

  prune(before: number): void {
    this.#write(() => this.inner.prune(before))
  }

  close(): void {
    this.inner.close()
  }

  #write(write: () => void): void {
    try {
      write()
    } catch (error) {
      this.health.failed(error)
      throw new CommandError(errors.internal, 'the data folder cannot be written')
    }
    this.health.succeeded()
  }
}
