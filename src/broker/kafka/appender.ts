import { type MessageRecord, produceV9 } from '@platformatic/kafka'
import { type Clock, LogThrottle, type Timer } from '../../kit/index.ts'
import { CommandError, errors } from '../../protocol/index.ts'
import { bytesOf, type LogEntry } from '../log/index.ts'
import type { BrokerLine } from './broker-line.ts'
import type { ClusterMap, Leader } from './cluster-map.ts'
import { errorName, isPassing } from './kafka-error.ts'
import { nameOf } from './kafka-options.ts'
import { kafkaLimits } from './limits.ts'
import type { KafkaTopic } from './topics.ts'

/** Entries that one caller appends, in batches of what a topic takes. */
class Append {
  isOver = false
  readonly #late: Timer

  constructor(
    clock: Clock,
    public left: number,
    readonly resolve: () => void,
    readonly reject: (error: unknown) => void,
  ) {
    this.#late = clock.after(kafkaLimits.appendMs, () => this.fail(new CommandError(errors.internal, 'Kafka does not answer')))
  }

  written(): void {
    if (--this.left > 0 || this.isOver) return
    this.isOver = true
    this.#late.cancel()
    this.resolve()
  }

  fail(error: unknown): void {
    if (this.isOver) return
    this.isOver = true
    this.#late.cancel()
    this.reject(error)
  }
}

type ProduceAnswer = ReturnType<typeof produceV9.parseResponse>

interface Batch {
  readonly append: Append
  readonly messages: MessageRecord[]
  readonly bytes: number
}

/** What waits for one partition. One request at a time holds any of it, so that nothing overtakes. */
interface PartitionQueue {
  readonly topic: KafkaTopic
  readonly partition: number
  waiting: Batch[]
  bytes: number
  isUnderWay: boolean
  notBefore: number
  failedAt: number | undefined
}

interface Lane {
  readonly broker: number
  readonly line: BrokerLine
  askedAt: number | undefined
}

/** About what a record takes beyond its key, value and headers. */
const recordOverheadBytes = 32
/** About what a batch takes beyond its records. */
export const batchOverheadBytes = 128
const logQuietMs = 5000

/**
 * Appends to any number of partitions. What waits for partitions of one broker goes in one request, and each partition has an outcome of its
 * own: the others do not fail with it. A batch that was not acknowledged is sent again, to whichever broker leads by then.
 */
export class Appender {
  appended = 0
  failures = 0
  retries = 0
  readonly #queues = new Map<string, PartitionQueue>()
  /** Those with something that waits, in the order of their turns: whose turn it was stands at the end. */
  readonly #ready = new Set<PartitionQueue>()
  /** By the address of the broker. */
  readonly #lanes = new Map<string, Lane[]>()
  readonly #throttle: LogThrottle
  #isPumping = false
  #isClosed = false

  constructor(readonly map: ClusterMap) {
    this.#throttle = new LogThrottle(map.options.clock, logQuietMs)
    map.onRefresh(() => {
      for (const lanes of this.#lanes.values()) for (const { broker, line } of lanes) if (!map.isThere(broker)) line.reset()
      this.#pumpSoon()
    })
  }

  /** Whether who leads should be asked: a broker takes its time, or nobody leads. */
  get isWorried(): boolean {
    const now = this.map.options.clock.now()
    for (const lanes of this.#lanes.values())
      for (const { askedAt } of lanes) if (askedAt !== undefined && now - askedAt > kafkaLimits.slowMs) return true
    for (const { failedAt, isUnderWay } of this.#ready) if (failedAt !== undefined && !isUnderWay) return true
    return false
  }

  /** @throws CommandError 100 where it is not durable in time; 111 where too much waits */
  append(topic: KafkaTopic, partition: number, entries: readonly LogEntry[]): Promise<void> {
    const queue = this.#queueOf(topic, partition)
    if (this.#isClosed || queue.bytes > kafkaLimits.waitingBytesMax) return Promise.reject(new CommandError(errors.tooManyRequests))
    if (entries.length === 0) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const groups = inBatches(entries, topic.batchBytesMax)
      const append = new Append(this.map.options.clock, groups.length, resolve, error => {
        this.failures++
        reject(error)
      })
      for (const { group, bytes } of groups) {
        queue.waiting.push({ append, messages: group.map(entry => messageOf(topic, partition, entry)), bytes })
        queue.bytes += bytes
      }
      this.#ready.add(queue)
      this.#pumpSoon()
    })
  }

  close(): void {
    this.#isClosed = true
    for (const lanes of this.#lanes.values()) for (const { line } of lanes) line.close()
    for (const queue of this.#queues.values()) {
      for (const { append } of queue.waiting) append.fail(new CommandError(errors.internal, 'this node ends'))
    }
  }

  #queueOf(topic: KafkaTopic, partition: number): PartitionQueue {
    const key = keyOf(topic, partition)
    const known = this.#queues.get(key)
    if (known !== undefined) return known
    const queue: PartitionQueue = { topic, partition, waiting: [], bytes: 0, isUnderWay: false, notBefore: 0, failedAt: undefined }
    this.#queues.set(key, queue)
    return queue
  }

  /** At the end of the turn, so that what is appended in it goes together. */
  #pumpSoon(): void {
    if (this.#isPumping || this.#isClosed) return
    this.#isPumping = true
    this.map.options.clock.soon(() => {
      this.#isPumping = false
      if (!this.#isClosed) this.#pump()
    })
  }

  #pump(): void {
    const now = this.map.options.clock.now()
    const byBroker = new Map<number, { readonly leader: Leader; readonly queues: PartitionQueue[] }>()
    for (const queue of this.#ready) {
      this.#clean(queue)
      if (queue.waiting.length === 0) this.#ready.delete(queue)
      if (queue.waiting.length === 0 && !queue.isUnderWay) this.#queues.delete(keyOf(queue.topic, queue.partition))
      if (queue.waiting.length === 0 || queue.isUnderWay || queue.notBefore > now) continue
      const leader = this.map.leaderOf(queue.topic.name, this.map.idOf(queue.topic.name) ?? '', queue.partition)
      if (leader === undefined) {
        queue.failedAt ??= now
        continue
      }
      const group = byBroker.get(leader.broker)
      if (group === undefined) byBroker.set(leader.broker, { leader, queues: [queue] })
      else group.queues.push(queue)
    }
    for (const { leader, queues } of byBroker.values()) {
      const lane = this.#laneTo(leader)
      if (lane !== undefined) void this.#send(lane, this.#taken(queues))
    }
  }

  /** Those that are over already need not be sent. */
  #clean(queue: PartitionQueue): void {
    if (!queue.waiting.some(({ append }) => append.isOver)) return
    queue.waiting = queue.waiting.filter(({ append, bytes }) => {
      if (append.isOver) queue.bytes -= bytes
      return !append.isOver
    })
  }

  #laneTo({ broker, address }: Leader): Lane | undefined {
    const lanes = this.#lanes.get(nameOf(address)) ?? []
    this.#lanes.set(nameOf(address), lanes)
    const free = lanes.find(({ askedAt }) => askedAt === undefined)
    if (free !== undefined || lanes.length >= kafkaLimits.appendsUnderWay) return free
    const lane: Lane = { broker, line: this.map.newLine(address, kafkaLimits.attemptMs), askedAt: undefined }
    lanes.push(lane)
    return lane
  }

  /** As much as one request may hold, of each partition at most one batch of Kafka's. */
  #taken(queues: readonly PartitionQueue[]): Map<PartitionQueue, Batch[]> {
    const taken = new Map<PartitionQueue, Batch[]>()
    let left: number = kafkaLimits.requestBytesMax
    for (const queue of queues) {
      if (left <= 0) break
      let [bytes, count] = [0, 0]
      for (const batch of queue.waiting) {
        if (count > 0 && bytes + batch.bytes > queue.topic.batchBytesMax) break
        bytes += batch.bytes
        count++
      }
      left -= bytes
      this.#ready.delete(queue)
      this.#ready.add(queue)
      queue.isUnderWay = true
      taken.set(queue, queue.waiting.splice(0, count))
    }
    return taken
  }

  async #send(lane: Lane, taken: ReadonlyMap<PartitionQueue, Batch[]>): Promise<void> {
    lane.askedAt = this.map.options.clock.now()
    const messages = [...taken.values()].flatMap(batches => batches.flatMap(batch => batch.messages))
    let answer: boolean | ProduceAnswer | undefined
    try {
      answer = await lane.line.ask(produceV9.api, -1, kafkaLimits.attemptMs, messages, {})
    } catch (error) {
      this.#warn('request', { err: error }, 'a broker of Kafka did not take what was appended')
    }
    lane.askedAt = undefined
    const codes = codesOf(answer)
    let isStale = false
    for (const [queue, batches] of taken) {
      queue.isUnderWay = false
      this.#ready.add(queue)
      const code = codes.get(keyOf(queue.topic, queue.partition))
      if (code === 0) this.#written(queue, batches)
      else if (code === undefined || isPassing(code)) {
        isStale = true
        this.#again(queue, batches)
      } else this.#refused(queue, batches, code)
    }
    if (this.#isClosed) return
    if (isStale) void this.map.refresh()
    this.#pumpSoon()
  }

  #written(queue: PartitionQueue, batches: readonly Batch[]): void {
    queue.failedAt = undefined
    for (const { append, bytes, messages } of batches) {
      queue.bytes -= bytes
      this.appended += messages.length
      append.written()
    }
  }

  #again(queue: PartitionQueue, batches: readonly Batch[]): void {
    const { clock } = this.map.options
    queue.failedAt ??= clock.now()
    queue.notBefore = clock.now() + kafkaLimits.retryMs
    queue.waiting = [...batches, ...queue.waiting]
    this.retries++
    if (this.#isClosed) for (const { append } of batches) append.fail(new CommandError(errors.internal, 'this node ends'))
    else clock.after(kafkaLimits.retryMs, () => this.#pumpSoon())
  }

  #refused(queue: PartitionQueue, batches: readonly Batch[], code: number): void {
    const { name: topic } = queue.topic
    const name = errorName(code)
    this.#warn(`${topic} ${name}`, { topic, partition: queue.partition, code: name }, 'Kafka refused what was appended')
    for (const { append, bytes } of batches) {
      queue.bytes -= bytes
      append.fail(new CommandError(errors.internal, `Kafka refused the record: ${name}`))
    }
  }

  #warn(key: string, fields: object, message: string): void {
    const suppressed = this.#throttle.pass(key)
    if (suppressed !== undefined) this.map.options.log.warn({ ...fields, suppressed }, message)
  }
}

function keyOf({ name }: KafkaTopic, partition: number): string {
  return `${name}/${partition}`
}

function inBatches(entries: readonly LogEntry[], bytesMax: number) {
  const groups: { readonly group: LogEntry[]; bytes: number }[] = []
  for (const entry of entries) {
    const bytes = bytesOf(entry) + recordOverheadBytes
    const last = groups.at(-1)
    if (last !== undefined && last.bytes + bytes <= bytesMax) {
      last.group.push(entry)
      last.bytes += bytes
    } else groups.push({ group: [entry], bytes })
  }
  return groups
}

function messageOf({ name, isCompacted }: KafkaTopic, partition: number, { key, value, headers }: LogEntry): MessageRecord {
  const isTombstone = isCompacted && value === '' && headers === undefined
  const message: MessageRecord = {
    topic: name,
    partition,
    key: Buffer.from(key),
    value: Buffer.from(value),
    ...(headers === undefined ? {} : { headers: headersOf(headers) }),
  }
  // The client's types know no value that is absent, which is what Kafka's compaction removes.
  if (isTombstone) Reflect.set(message, 'value', null)
  return message
}

function headersOf(headers: Readonly<Record<string, string>>): Map<Buffer, Buffer> {
  return new Map(Object.entries(headers).map(([name, value]) => [Buffer.from(name), Buffer.from(value)]))
}

function codesOf(answer: boolean | ProduceAnswer | undefined): ReadonlyMap<string, number> {
  if (answer === undefined || typeof answer === 'boolean') return new Map()
  return new Map(
    answer.responses.flatMap(({ name, partitionResponses }) =>
      partitionResponses.map(({ index, errorCode }): [string, number] => [`${name}/${index}`, errorCode]),
    ),
  )
}
