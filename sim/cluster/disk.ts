import type { HistoryEntry, HistoryLog, StoredStream } from '../../src/hub/index.ts'
import type { Publication } from '../../src/protocol/index.ts'

interface Kept {
  epoch: string
  offset: number
  time: number
  publications: Publication[]
}

/** What a disk does to those who use it. */
export interface DiskTrouble {
  /** Called before each append: may stall the machine. @returns false to refuse */
  accepts(): boolean
}

const full = 'the disk is full'

export function isDiskFull(error: unknown): boolean {
  return error instanceof Error && error.message === full
}

/** A history on disk: it outlives the machine's memory, and may be slow or refuse. */
export class Disk implements HistoryLog {
  readonly #streams = new Map<string, Kept>()

  constructor(
    readonly trouble: DiskTrouble,
    readonly appended: (entry: HistoryEntry) => void,
  ) {}

  load(channel: string): StoredStream | undefined {
    const kept = this.#streams.get(channel)
    return kept === undefined ? undefined : { ...kept, publications: [...kept.publications] }
  }

  append(entries: readonly HistoryEntry[]): void {
    if (!this.trouble.accepts()) throw new Error(full)
    for (const entry of entries) {
      const { channel, epoch, publication, keep } = entry
      const kept = this.#streams.get(channel) ?? { epoch, offset: 0, time: 0, publications: [] }
      this.#streams.set(channel, kept)
      Object.assign(kept, { epoch, offset: publication.offset, time: publication.time })
      kept.publications.push(publication)
      kept.publications = kept.publications.filter(({ offset }) => offset > publication.offset - keep)
      this.appended(entry)
    }
  }

  remove(channel: string): void {
    const kept = this.#streams.get(channel)
    if (kept !== undefined) kept.publications = []
  }

  prune(before: number): void {
    for (const [channel, { time }] of [...this.#streams]) if (time < before) this.#streams.delete(channel)
  }

  close(): void {}
}
