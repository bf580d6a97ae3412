import { listOffsetsV7 } from '@platformatic/kafka'
import { bytesOf, type LogBounds, type LogSlice, type SliceLimits } from '../log/index.ts'
import type { BrokerLine } from './broker-line.ts'
import type { ClusterMap, Leader } from './cluster-map.ts'
import { Coalesced } from './coalesced.ts'
import { committedOnly, fetchApi } from './fetch-answer.ts'
import { errorName, isPassing } from './kafka-error.ts'
import { nameOf } from './kafka-options.ts'
import { kafkaLimits } from './limits.ts'
import { recordsOf } from './record-batch.ts'

/** What Kafka calls the start and the end of a log, in place of a time. */
const earliest = -2n
const latest = -1n
/** A fetch of its own, which the broker does not remember. */
const noSession = { id: 0, epoch: -1 } as const
const sliceBytesMin = 64 * 1024
const epochCharacters = 8

/** An answer that another broker, or the same one later, may give. */
class PassingError extends Error {}

/** Questions about a partition to the broker that leads it. Where another leads by then, that one is asked. */
export class PartitionQuestions {
  readonly #bounds = new Map<string, Coalesced<LogBounds>>()
  /** What is read back goes over connections of its own, as an answer may be large. */
  readonly #lines = new Map<string, BrokerLine>()
  #isClosed = false

  constructor(readonly map: ClusterMap) {}

  bounds(topic: string, partition: number): Promise<LogBounds> {
    const key = `${topic}/${partition}`
    const known = this.#bounds.get(key)
    if (known !== undefined) return known.ask()
    const bounds = new Coalesced(() => this.#askBounds(topic, partition))
    this.#bounds.set(key, bounds)
    return bounds.ask().finally(() => {
      if (bounds.isIdle) this.#bounds.delete(key)
    })
  }

  offsetAt(topic: string, partition: number, timeMs: number): Promise<number> {
    return this.#ask(topic, partition, async leader => {
      const found = await this.#offsetOf(leader, topic, partition, BigInt(Math.max(0, Math.ceil(timeMs))))
      // Where nothing is so late, everything is before.
      return found >= 0 ? found : await this.#offsetOf(leader, topic, partition, latest)
    })
  }

  slice(topic: string, partition: number, after: number, limits: SliceLimits): Promise<LogSlice> {
    return this.#ask(topic, partition, async (leader, topicId) => {
      const line = this.#lineTo(leader)
      const bytesMax = Math.max(sliceBytesMin, limits.bytes)
      const request = {
        partition,
        currentLeaderEpoch: leader.epoch,
        fetchOffset: BigInt(after),
        lastFetchedEpoch: -1,
        partitionMaxBytes: bytesMax,
      }
      const topics = [{ topicId, partitions: [request] }]
      const answer = await line.ask(fetchApi, 0, 0, bytesMax, committedOnly, noSession.id, noSession.epoch, topics, [], '')
      const [found] = answer.partitions
      const code = answer.code === 0 ? (found?.code ?? 0) : answer.code
      if (errorName(code) === 'OFFSET_OUT_OF_RANGE') return this.#sliceElsewhere(topic, partition, after, limits)
      if (code !== 0) throw refusal(code)
      return cut(recordsOf(found?.bytes ?? Buffer.alloc(0), after, found?.aborted), limits)
    })
  }

  close(): void {
    this.#isClosed = true
    for (const line of this.#lines.values()) line.close()
  }

  async #sliceElsewhere(topic: string, partition: number, after: number, limits: SliceLimits): Promise<LogSlice> {
    const { first, last } = await this.bounds(topic, partition)
    return after < first - 1 ? this.slice(topic, partition, first - 1, limits) : { records: [], readTo: Math.max(after, last) }
  }

  /** Kafka names places by the name of the topic, so what topic that is now is asked before. */
  async #askBounds(topic: string, partition: number): Promise<LogBounds> {
    await this.map.look(topic).catch(() => undefined)
    return this.#ask(topic, partition, async (leader, id) => {
      const [start, end] = await Promise.all([
        this.#offsetOf(leader, topic, partition, earliest),
        this.#offsetOf(leader, topic, partition, latest),
      ])
      return { epoch: epochOf(id), first: start + 1, last: end }
    })
  }

  /** Kafka's offset of the first record at a time or after it, which is the place of the one before; -1 where there is none. */
  async #offsetOf(leader: Leader, topic: string, partition: number, timestamp: bigint): Promise<number> {
    const asked = { partitionIndex: partition, currentLeaderEpoch: leader.epoch, timestamp }
    const question = [{ name: topic, partitions: [asked] }]
    const { topics } = await this.map.lineTo(leader.address).ask(listOffsetsV7.api, -1, committedOnly, question)
    const [found] = topics[0]?.partitions ?? []
    if (found === undefined) throw new PassingError('the broker names no place')
    if (found.errorCode !== 0) throw refusal(found.errorCode)
    return Number(found.offset)
  }

  #lineTo({ address }: Leader): BrokerLine {
    const known = this.#lines.get(nameOf(address))
    if (known !== undefined) return known
    const line = this.map.newLine(address, kafkaLimits.askMs)
    this.#lines.set(nameOf(address), line)
    return line
  }

  async #ask<T>(topic: string, partition: number, work: (leader: Leader, topicId: string) => Promise<T>): Promise<T> {
    const { clock } = this.map.options
    const until = clock.now() + kafkaLimits.answerMs
    for (;;) {
      const id = this.map.idOf(topic)
      const leader = id === undefined ? undefined : this.map.leaderOf(topic, id, partition)
      try {
        if (leader === undefined || id === undefined) throw new PassingError(`nobody leads ${topic}/${partition}`)
        return await work(leader, id)
      } catch (error) {
        if (error instanceof RefusedError || this.#isClosed || clock.now() > until) throw error
      }
      await this.map.refresh()
      await new Promise<void>(resolve => clock.after(kafkaLimits.retryMs, resolve))
    }
  }
}

/** An answer that stays the same, whoever is asked. */
class RefusedError extends Error {}

function refusal(code: number): Error {
  return isPassing(code) ? new PassingError(errorName(code)) : new RefusedError(errorName(code))
}

/** A topic that was made anew has another id, and all nodes see the same. */
export function epochOf(topicId: string): string {
  return topicId.slice(0, epochCharacters)
}

function cut({ records, readTo }: LogSlice, limits: SliceLimits): LogSlice {
  let bytes = 0
  let count = 0
  for (const record of records) {
    bytes += bytesOf(record)
    if (count > 0 && (bytes > limits.bytes || count >= limits.records)) break
    count++
  }
  if (count === records.length) return { records, readTo }
  const kept = records.slice(0, count)
  return { records: kept, readTo: kept.at(-1)?.offset ?? readTo }
}
