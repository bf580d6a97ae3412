import type { Frame } from './frame.ts'
import type { Replay } from './replay.ts'

/** A command that runs when there is room for its answer. */
interface Waiter {
  /** How much may still be waiting to be replayed. */
  readonly replayBytesMax: number
  readonly go: () => void
}

/** Work that waits for a socket to drain beside an outbox's frames. Most outboxes never have one. */
export class Backlog {
  /** When bytes last left a socket that had held some; 0 for never. */
  drainedAt = 0
  /** When the socket was first found to hold bytes, of which none have left since; 0 while it holds none. */
  heldAt = 0
  /** Of the frames that are held, what was pushed: replies were asked for, and a large one must not end the session. */
  pushedBytes = 0
  /** What the owner was last told of it. */
  unsentBytes = 0
  #replays: Replay[] = []
  #waiters: Waiter[] = []

  get hasReplays(): boolean {
    return this.#replays.length > 0
  }

  get isEmpty(): boolean {
    return this.#replays.length === 0 && this.#waiters.length === 0
  }

  get replayBytes(): number {
    return this.#replays.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  add(replay: Replay): void {
    this.#replays.push(replay)
  }

  /** The next piece: one channel after the other, so that each is whole as soon as it can be. */
  take(bytesMax: number): readonly Frame[] {
    const [replay] = this.#replays
    const frames = replay === undefined || replay.isDone ? [] : [replay.take(bytesMax)]
    this.#replays = this.#replays.filter(({ isDone }) => !isDone)
    return frames
  }

  wait(waiter: Waiter): void {
    this.#waiters.push(waiter)
  }

  /** Lets the first one go for which there is room: one at a time, since its answer may fill the socket again. */
  letGo(): void {
    const { replayBytes } = this
    const index = this.#waiters.findIndex(({ replayBytesMax }) => replayBytes <= replayBytesMax)
    if (index !== -1) this.#waiters.splice(index, 1)[0]?.go()
  }

  /** The session has ended: whoever waits finds that out. */
  end(): void {
    const waiters = this.#waiters
    this.#replays = []
    this.#waiters = []
    for (const { go } of waiters) go()
  }
}
