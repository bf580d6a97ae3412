import { randomId, within } from '../../kit/index.ts'
import { CommandError, errors, type Position } from '../../protocol/index.ts'
import { AppendQueue } from './append-queue.ts'
import { LogPartition } from './log-partition.ts'
import type { PartitionContext } from './partition-context.ts'
import { type ChannelMessage, entryOf } from './record-form.ts'

const appenderBytes = 9
/** How long is waited for what has been appended and not read here yet. */
const readMs = 3000

/** A partition that this node reads whole and appends to: what it appended counts when it has been read back. */
export class OpenPartition {
  readonly partition: LogPartition
  /** Resolves when everything has been read that was there at the start. */
  readonly ready: Promise<void>
  /** Another one whenever it is opened: its numbers begin with 1. */
  readonly #appender: string
  readonly #queue: AppendQueue
  #appended = 0

  constructor(
    number: number,
    readonly context: PartitionContext,
  ) {
    this.#appender = randomId(context.random, appenderBytes)
    this.partition = new LogPartition(number, context)
    this.#queue = new AppendQueue(context.clock, context.channels, number)
    this.ready = this.partition.begin()
  }

  /** @throws CommandError 100, temporary, while what was there at the start has not been read */
  isReady(): Promise<void> {
    return this.#inTime(this.ready)
  }

  /** Resolves when this node has read it back. @throws CommandError 100, temporary, where that takes too long */
  async append(message: ChannelMessage): Promise<Position> {
    const { promise, resolve, reject } = Promise.withResolvers<Position>()
    // Numbers rise in the order in which records are appended.
    const id = `${this.#appender}.${++this.#appended}`
    const outcome = this.partition.outcomeOf(id, told => (told instanceof CommandError ? reject(told) : resolve(told)))
    try {
      // It may be read back before the answer comes.
      await Promise.race([promise, this.#queue.append(entryOf(id, message))])
      return await this.#inTime(promise)
    } finally {
      outcome.forget()
    }
  }

  /** A publication of another node may not have been read here yet. A place beyond the log's end is not waited for. */
  async catchUpWith(since: Position | undefined): Promise<void> {
    const { partition } = this
    if (since === undefined || since.epoch !== partition.epoch || since.offset <= partition.readTo) return
    const { last } = await partition.bounds()
    if (since.offset <= last) await this.#inTime(partition.reached(since.offset))
  }

  close(): void {
    this.partition.close()
  }

  #inTime<T>(work: Promise<T>): Promise<T> {
    return within(this.context.clock, readMs, work, () => new CommandError(errors.internal, 'this node has not read so far yet'))
  }
}
