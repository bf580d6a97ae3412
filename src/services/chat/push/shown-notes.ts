import type { Clock, Timer } from '../../../kit/index.ts'
import type { Log } from '../../../service.ts'
import { jobKey } from './job.ts'
import { pushLimits } from './limits.ts'
import type { PushRows, ShownNote } from './rows.ts'

/** A note came to stand on a device, or went. */
interface Change {
  readonly isShown: boolean
  readonly note: ShownNote
}

/** What stands on devices: as the store has it, and what has changed since and is still to be written down. */
export class ShownNotes {
  readonly #changes: Gathering<Change>
  readonly #unwritten = new Map<string, Change>()

  constructor(
    clock: Clock,
    readonly rows: Pick<PushRows, 'shown' | 'show' | 'unshow'>,
    readonly log: Log,
  ) {
    this.#changes = new Gathering(clock, changes => this.#write(changes))
  }

  /** One of each device that shows something of the conversation. */
  async of(user: string, conversation: string): Promise<readonly ShownNote[]> {
    // What is written while the store is read may be in neither, so both times count.
    const before = this.#unwrittenOf(user, conversation)
    const written = await this.rows.shown(user, conversation)
    const changes = new Map([...before, ...this.#unwrittenOf(user, conversation)].map(change => [change.note.device, change]))
    const kept = written.filter(({ device }) => !changes.has(device))
    return [...kept, ...[...changes.values()].filter(({ isShown }) => isShown).map(({ note }) => note)]
  }

  show(note: ShownNote): void {
    this.#change({ isShown: true, note })
  }

  clear(note: ShownNote): void {
    this.#change({ isShown: false, note })
  }

  flush(): Promise<void> {
    return this.#changes.flush()
  }

  #unwrittenOf(user: string, conversation: string): Change[] {
    return [...this.#unwritten.values()].filter(({ note }) => note.user === user && note.conversation === conversation)
  }

  #change(change: Change): void {
    const { user, device, conversation } = change.note
    const key = jobKey(user, device, conversation)
    this.#unwritten.set(key, change)
    this.#changes.add(key, change)
  }

  async #write(changes: readonly Change[]): Promise<void> {
    const notesOf = (isShown: boolean) => changes.filter(change => change.isShown === isShown).map(({ note }) => note)
    const [shown, cleared] = [notesOf(true), notesOf(false)]
    try {
      if (shown.length > 0) await this.rows.show(shown)
      if (cleared.length > 0) await this.rows.unshow(cleared)
    } catch (error) {
      this.log.error({ err: error }, 'the notifications that devices show could not be stored')
    }
    for (const change of changes) {
      const { user, device, conversation } = change.note
      const key = jobKey(user, device, conversation)
      if (this.#unwritten.get(key) === change) this.#unwritten.delete(key)
    }
  }
}

/** Gathers what is to be written down, so that a thousand of them are one call: after a moment, or when there are enough. */
export class Gathering<T> {
  readonly #items = new Map<string, T>()
  #timer: Timer | undefined
  #writing: Promise<void> = Promise.resolve()

  /** @param write must not reject: what becomes of a failure is decided there. */
  constructor(
    readonly clock: Clock,
    readonly write: (items: readonly T[]) => Promise<void>,
  ) {}

  /** Items of the same key replace each other. */
  add(key: string, item: T): void {
    this.#items.set(key, item)
    if (this.#items.size >= pushLimits.gatheredMax) this.#flush()
    else this.#timer ??= this.clock.after(pushLimits.gatherMs, () => this.#flush())
  }

  /** Writes what is there, and waits for what is being written. */
  flush(): Promise<void> {
    this.#flush()
    return this.#writing
  }

  /** One after the other, so that the newest is written last. */
  #flush(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (this.#items.size === 0) return
    const items = [...this.#items.values()]
    this.#items.clear()
    this.#writing = this.#writing.then(() => this.write(items))
  }
}
