import type { Publication } from '../../protocol/index.ts'

/** A channel's history as it was kept on disk. */
export interface StoredStream {
  readonly epoch: string
  /** The newest offset given, also when its publication has been dropped since. */
  readonly offset: number
  /** Unix milliseconds of the newest append. */
  readonly time: number
  readonly publications: readonly Publication[]
}

/** One append: the publication with its offset, and how many of the channel to keep. */
export interface HistoryEntry {
  readonly channel: string
  readonly epoch: string
  readonly publication: Publication
  readonly keep: number
}

/** History that outlives the process. Synchronous: one transaction per tick costs less than a turn of the event loop. */
export interface HistoryLog {
  load(channel: string): StoredStream | undefined
  /** All entries or none. Durable against a killed process when it returns. @throws when the disk refuses */
  append(entries: readonly HistoryEntry[]): void
  remove(channel: string): void
  /** Forgets streams whose newest append is older than `before` (Unix milliseconds). */
  prune(before: number): void
  close(): void
}
