import { LogThrottle } from '../../kit/index.ts'
import type { LogBounds, LogReader, LogReading } from '../log/index.ts'
import type { ClusterMap, Leader } from './cluster-map.ts'
import { FetchSession } from './fetch-session.ts'
import { errorName } from './kafka-error.ts'
import { kafkaLimits } from './limits.ts'
import { PartitionReading, type PartitionReadingContext } from './partition-reading.ts'
import type { Unreadable } from './record-batch.ts'
import type { KafkaTopic } from './topics.ts'

export interface PartitionReaderContext {
  readonly map: ClusterMap
  bounds(topic: string, partition: number): Promise<LogBounds>
  /** The epoch of a log that lost what had been read of it already. */
  forked(bounds: LogBounds, leader: Leader | undefined): LogBounds
}

const logQuietMs = 5000

/**
 * Reads any number of partitions from the brokers that lead them, without a consumer group: each node reads everything. Whatever goes wrong
 * with a broker or a partition, the cluster is asked who leads, and the reading goes on there.
 */
export class PartitionReader {
  /** Sessions that were lost. */
  reconnects = 0
  /** Batches that were passed over. */
  unreadable = 0
  readonly #sessions = new Set<FetchSession>()
  /** Each with the session that reads it, if there is one. */
  readonly #readings = new Map<PartitionReading, FetchSession | undefined>()
  /** Those that nobody serves. */
  readonly #stranded = new Set<PartitionReading>()
  readonly #throttle: LogThrottle
  readonly #context: PartitionReadingContext
  #isClosed = false

  constructor(readonly context: PartitionReaderContext) {
    const { clock, log } = context.map.options
    this.#throttle = new LogThrottle(clock, logQuietMs)
    this.#context = { log, now: () => clock.now(), unreadable: (reading, found) => this.#unreadable(reading, found) }
    context.map.onRefresh(() => this.#settle())
  }

  get sessions(): number {
    return this.#sessions.size
  }

  get partitions(): number {
    return this.#readings.size
  }

  /** Records that are in the log and not read here yet. */
  get lag(): number {
    let lag = 0
    for (const reading of this.#readings.keys()) lag += reading.lag
    return lag
  }

  read({ name, id, partitions }: KafkaTopic, partition: number, after: number, reader: LogReader): LogReading {
    const known = this.context.map.idOf(name) ?? id
    const reading = new PartitionReading(name, partition, partitions === 1, known, after, reader, this.#context)
    this.#readings.set(reading, undefined)
    this.#stranded.add(reading)
    this.#serve(reading)
    return { close: () => this.#drop(reading) }
  }

  /** How long the longest of them has not been answered; 0 where none is late. */
  silentMs(topic?: string): number {
    const { now } = this.#context
    let longest = 0
    for (const [reading, session] of this.#readings) {
      if ((topic !== undefined && reading.topic !== topic) || reading.goneSince !== undefined) continue
      const answeredAt = session?.answeredAt
      if (answeredAt === undefined || session?.isLate(now()) === true) longest = Math.max(longest, now() - (answeredAt ?? reading.heardAt))
    }
    return longest
  }

  /** Whether who leads should be asked: somebody is not served, or waits for too long. */
  get isWorried(): boolean {
    if (this.#stranded.size > 0) return true
    const now = this.#context.now()
    for (const session of this.#sessions) if (session.isLate(now)) return true
    return false
  }

  close(): void {
    this.#isClosed = true
    for (const reading of this.#readings.keys()) reading.isClosed = true
    for (const session of this.#sessions) session.end()
    this.#readings.clear()
    this.#stranded.clear()
    this.#sessions.clear()
  }

  #drop(reading: PartitionReading): void {
    reading.isClosed = true
    this.#takeOut(reading)
    this.#readings.delete(reading)
    this.#stranded.delete(reading)
  }

  #takeOut(reading: PartitionReading): void {
    const session = this.#readings.get(reading)
    this.#readings.set(reading, undefined)
    session?.remove(reading)
    if (session?.size === 0) this.#sessions.delete(session)
  }

  /** Where others lead now, reading goes on there. */
  #settle(): void {
    if (this.#isClosed) return
    const { map } = this.context
    for (const [reading, session] of this.#readings) {
      if (session === undefined) continue
      const leader = map.leaderOf(reading.topic, reading.topicId, reading.partition)
      if (leader === undefined || leader.broker === reading.leader?.broker) continue
      this.#strand(reading, 0)
    }
    for (const reading of this.#stranded) {
      if (this.#isGone(reading)) this.#end(reading)
      else this.#serve(reading)
    }
  }

  /** Whether the cluster has been answering for a while that there is no such topic. */
  #isGone(reading: PartitionReading): boolean {
    if (reading.reader.gone === undefined || this.context.map.idOf(reading.topic) !== undefined) {
      reading.goneSince = undefined
      return false
    }
    const now = this.#context.now()
    reading.goneSince ??= now
    return now - reading.goneSince >= kafkaLimits.goneMs
  }

  #end(reading: PartitionReading): void {
    const { topic, partition } = reading
    this.#warn(`${topic} gone`, { topic, partition }, 'a topic that was read is not there any more')
    reading.end()
    this.#drop(reading)
  }

  #strand(reading: PartitionReading, waitMs: number): void {
    const now = this.#context.now()
    reading.heardAt = this.#readings.get(reading)?.answeredAt ?? reading.heardAt
    reading.notBefore = now + waitMs
    this.#takeOut(reading)
    this.#stranded.add(reading)
  }

  #serve(reading: PartitionReading): void {
    const { map } = this.context
    const id = map.idOf(reading.topic)
    if (id === undefined || reading.isAsking) return
    const leader = map.leaderOf(reading.topic, id, reading.partition)
    if (leader === undefined) return
    if (reading.notBefore > this.#context.now() && leader.broker === reading.leader?.broker) return
    if (id !== reading.topicId) {
      this.#askBounds(reading, bounds => reading.restart(id, bounds))
      return
    }
    this.#stranded.delete(reading)
    reading.leader = leader
    const session = this.#sessionFor(reading, leader)
    this.#readings.set(reading, session)
    session.add(reading)
  }

  #sessionFor(reading: PartitionReading, leader: Leader): FetchSession {
    for (const session of this.#sessions) if (session.broker === leader.broker && session.hasRoomFor(reading)) return session
    const { map } = this.context
    const session = new FetchSession(leader.broker, reading.isSingle, {
      clock: map.options.clock,
      line: map.newLine(leader.address, kafkaLimits.deafMs),
      refused: (reading, code) => this.#refused(reading, code),
      forked: reading => this.#forked(reading),
      ended: (over, error) => this.#ended(over, error),
    })
    this.#sessions.add(session)
    // Those that join in this turn are in its first request.
    map.options.clock.soon(() => void session.run())
    return session
  }

  #ended(session: FetchSession, error: unknown): void {
    if (this.#isClosed) return
    this.reconnects++
    this.#sessions.delete(session)
    this.#warn(
      `broker ${session.broker}`,
      { err: error, broker: session.broker, partitions: session.size },
      'a broker of Kafka is not read',
    )
    for (const reading of [...session.readings]) this.#strand(reading, kafkaLimits.retryMs)
    void this.context.map.refresh()
  }

  #refused(reading: PartitionReading, code: number): void {
    const { topic, partition } = reading
    const name = errorName(code)
    this.#warn(`${topic} ${name}`, { topic, partition, code: name }, 'a partition is not read')
    this.#strand(reading, kafkaLimits.retryMs)
    if (name === 'OFFSET_OUT_OF_RANGE') this.#findPlace(reading)
    else void this.context.map.refresh()
  }

  /** The log does not hold the place that is read next: it dropped that, or it lost it. */
  #findPlace(reading: PartitionReading): void {
    this.#askBounds(reading, bounds => {
      if (reading.fetchedTo < bounds.first - 1) reading.skip(bounds.first - 1)
      else if (reading.fetchedTo > bounds.last) reading.restart(reading.topicId, this.context.forked(bounds, reading.leader))
      else reading.forgetEpoch()
    })
  }

  /** The log lost what was read of it, and has grown beyond that since. */
  #forked(reading: PartitionReading): void {
    const { topic, partition } = reading
    this.#warn(`${topic} forked`, { topic, partition }, 'a partition lost what was read of it')
    this.#strand(reading, kafkaLimits.retryMs)
    this.#askBounds(reading, bounds => reading.restart(reading.topicId, this.context.forked(bounds, reading.leader)))
  }

  /** Nobody serves the reading until the answer is there. */
  #askBounds(reading: PartitionReading, then: (bounds: LogBounds) => void): void {
    const { map } = this.context
    const { topic, partition } = reading
    const id = map.idOf(topic)
    reading.isAsking = true
    this.context
      .bounds(topic, partition)
      .then(bounds => {
        if (!reading.isClosed && map.idOf(topic) === id) then(bounds)
      })
      .catch((error: unknown) => this.#warn(`${topic} bounds`, { err: error, topic, partition }, 'where a partition begins is not known'))
      .finally(() => {
        reading.isAsking = false
        reading.notBefore = this.#context.now() + kafkaLimits.retryMs
        map.options.clock.after(kafkaLimits.retryMs, () => {
          if (this.#stranded.has(reading)) this.#serve(reading)
        })
      })
  }

  #unreadable({ topic, partition }: PartitionReading, { offset, reason }: Unreadable): void {
    this.unreadable++
    this.#warn(`${topic} unreadable`, { topic, partition, offset, reason }, 'a batch of records that cannot be read was passed over')
  }

  #warn(key: string, fields: object, message: string): void {
    const suppressed = this.#throttle.pass(key)
    if (suppressed !== undefined) this.context.map.options.log.warn({ ...fields, suppressed }, message)
  }
}
