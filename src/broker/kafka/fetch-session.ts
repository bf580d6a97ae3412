import type { Clock } from '../../kit/index.ts'
import type { BrokerLine } from './broker-line.ts'
import { committedOnly, type FetchAnswer, fetchApi } from './fetch-answer.ts'
import { errorName } from './kafka-error.ts'
import { kafkaLimits } from './limits.ts'
import type { PartitionReading } from './partition-reading.ts'

export interface FetchSessionContext {
  readonly clock: Clock
  readonly line: BrokerLine
  /** The broker does not serve this partition, which has to be taken out. */
  refused(reading: PartitionReading, code: number): void
  /** The log is not the one any more that was read. */
  forked(reading: PartitionReading): void
  /** The session is over. Its partitions need another. */
  ended(session: FetchSession, error: unknown): void
}

const brokenSessions: ReadonlySet<string> = new Set([
  'FETCH_SESSION_ID_NOT_FOUND',
  'INVALID_FETCH_SESSION_EPOCH',
  'FETCH_SESSION_TOPIC_ID_ERROR',
])
const epochMax = 2 ** 31 - 1

/**
 * Reads partitions that one broker leads, over a connection of its own. The broker remembers which they are, so that a request names only
 * what has changed (KIP-227). The next request is under way before readers are given the last answer.
 */
export class FetchSession {
  readonly #readings = new Map<string, PartitionReading>()
  readonly #changed = new Set<PartitionReading>()
  readonly #left = new Map<string, { readonly topicId: string; readonly partition: number }>()
  #id = 0
  #epoch = 0
  #isOver = false
  #answeredAt: number | undefined
  /** Until when what is asked should be answered; undefined while nothing is. */
  #dueAt: number | undefined

  constructor(
    readonly broker: number,
    /** Whether it reads topics of one partition, or those of several. */
    readonly isOfSingles: boolean,
    readonly context: FetchSessionContext,
  ) {}

  get size(): number {
    return this.#readings.size
  }

  /** When it was answered last; undefined for one that never was. */
  get answeredAt(): number | undefined {
    return this.#answeredAt
  }

  /** A session reads a partition once: a second reader of it needs another. */
  hasRoomFor({ topicId, partition, isSingle }: PartitionReading): boolean {
    return this.#hasRoom && isSingle === this.isOfSingles && !this.#readings.has(keyOf(topicId, partition))
  }

  get readings(): Iterable<PartitionReading> {
    return this.#readings.values()
  }

  /** Whether the broker takes longer than it should. */
  isLate(now: number): boolean {
    return this.#dueAt !== undefined && this.#dueAt < now
  }

  add(reading: PartitionReading): void {
    const key = keyOf(reading.topicId, reading.partition)
    this.#readings.set(key, reading)
    this.#changed.add(reading)
    this.#left.delete(key)
  }

  remove(reading: PartitionReading): void {
    const key = keyOf(reading.topicId, reading.partition)
    if (this.#readings.get(key) !== reading) return
    this.#readings.delete(key)
    this.#changed.delete(reading)
    if (this.#id !== 0) this.#left.set(key, reading)
    if (this.#readings.size === 0) this.end()
  }

  async run(): Promise<void> {
    // All that were to be read may have left in the turn in which it was opened.
    if (this.#isOver) return
    try {
      let answer = this.#ask()
      while (!this.#isOver) {
        const deliver = this.#taken(await answer)
        if (this.#isOver) break
        answer = this.#ask()
        // It is looked at below: what is delivered meanwhile may take longer than until it fails.
        answer.catch(() => undefined)
        await deliver()
      }
    } catch (error) {
      if (!this.#isOver) {
        this.end()
        this.context.ended(this, error)
      }
    }
  }

  end(): void {
    this.#isOver = true
    this.context.line.close()
  }

  async #ask(): Promise<FetchAnswer> {
    const { fetchWaitMs, fetchWaitOpenMs, fetchBytesMax } = kafkaLimits
    const isNew = this.#id === 0
    const topics = byTopic(isNew ? this.#readings.values() : this.#changed, reading => reading.request())
    const left = byTopic(isNew ? [] : this.#left.values(), ({ partition }) => partition)
    this.#changed.clear()
    this.#left.clear()
    const { clock, line } = this.context
    const waitMs = this.#hasRoom ? fetchWaitOpenMs : fetchWaitMs
    this.#dueAt = clock.now() + waitMs + kafkaLimits.slowMs
    const epoch = isNew ? 0 : this.#epoch
    const answer = await line.ask(fetchApi, waitMs, 1, fetchBytesMax, committedOnly, this.#id, epoch, topics, left, '')
    this.#answeredAt = clock.now()
    this.#dueAt = undefined
    return answer
  }

  get #hasRoom(): boolean {
    const { sessionTopicsMax, sessionPartitionsMax } = kafkaLimits
    return !this.#isOver && this.#readings.size < (this.isOfSingles ? sessionTopicsMax : sessionPartitionsMax)
  }

  /** Notes what came, and returns what is left to do: giving it to the readers. */
  #taken({ code, session, partitions }: FetchAnswer): () => Promise<void> {
    if (code !== 0) {
      if (!brokenSessions.has(errorName(code))) throw new Error(errorName(code))
      this.#id = 0
      this.#epoch = 0
      return async () => undefined
    }
    // A broker whose sessions are all taken gives none: then each request names everything.
    this.#epoch = session === this.#id && this.#epoch < epochMax ? this.#epoch + 1 : 1
    this.#id = session
    const reached: PartitionReading[] = []
    for (const fetched of partitions) {
      const reading = this.#readings.get(keyOf(fetched.topicId, fetched.partition))
      if (reading === undefined) continue
      if (fetched.code !== 0) this.context.refused(reading, fetched.code)
      else if (fetched.isForked) this.context.forked(reading)
      else if (reading.taken(fetched)) {
        this.#changed.add(reading)
        reached.push(reading)
      }
    }
    return () => this.#deliver(reached)
  }

  async #deliver(reached: readonly PartitionReading[]): Promise<void> {
    const { recordsPerTurn } = kafkaLimits
    let left = recordsPerTurn
    for (const reading of reached) {
      for (;;) {
        const max = left
        const count = reading.deliver(max)
        left -= count
        if (count < max) break
        left = recordsPerTurn
        await this.#turn()
      }
    }
  }

  #turn(): Promise<void> {
    return new Promise(resolve => this.context.clock.soon(resolve))
  }
}

function keyOf(topicId: string, partition: number): string {
  return `${topicId}/${partition}`
}

function byTopic<Entry extends { readonly topicId: string }, Row>(entries: Iterable<Entry>, row: (entry: Entry) => Row) {
  const topics = Map.groupBy(entries, ({ topicId }) => topicId)
  return [...topics].map(([topicId, all]) => ({ topicId, partitions: all.map(row) }))
}
