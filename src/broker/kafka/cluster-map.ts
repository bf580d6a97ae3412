import { type API, metadataV12 } from '@platformatic/kafka'
import type { Log } from '../../hub/index.ts'
import type { Clock } from '../../kit/index.ts'
import { BrokerLine } from './broker-line.ts'
import { Coalesced } from './coalesced.ts'
import { errorName, isPassing, problemOf } from './kafka-error.ts'
import { type BrokerAddress, brokerAddress, connectionOptions, type KafkaOptions, nameOf } from './kafka-options.ts'
import { kafkaLimits } from './limits.ts'

export interface Leader {
  readonly broker: number
  readonly epoch: number
  readonly address: BrokerAddress
}

interface TopicPlace {
  readonly id: string
  readonly partitions: readonly { readonly broker: number; readonly epoch: number }[]
}

/** What the cluster says of a topic. */
export interface TopicFound {
  readonly id: string
  readonly partitions: number
  /** Partitions that nobody leads. */
  readonly leaderless: number
}

export interface TopicsFound {
  /** Those that are there. */
  readonly topics: ReadonlyMap<string, TopicFound>
  /** Those of which this user is told nothing, with the code of the reason. */
  readonly refused: ReadonlyMap<string, number>
}

/** Which brokers there are and which of them leads which partition, as one of them says. */
export class ClusterMap {
  readonly #brokers = new Map<number, BrokerAddress>()
  readonly #topics = new Map<string, TopicPlace>()
  /** Topics that are asked about, each with when it was used last. */
  readonly #usedAt = new Map<string, number>()
  readonly #looks = new Map<string, Coalesced<void>>()
  readonly #lines = new Map<string, BrokerLine>()
  readonly #failedAt = new Map<string, number>()
  readonly #listeners = new Set<() => void>()
  readonly #seeds: readonly BrokerAddress[]
  #refreshing: Promise<void> | undefined
  #isClosed = false

  constructor(readonly options: KafkaOptions) {
    this.#seeds = options.brokers.map(brokerAddress)
  }

  get #clock(): Clock {
    return this.options.clock
  }

  get #log(): Log {
    return this.options.log
  }

  /** Calls after each time that the cluster was asked who leads. */
  onRefresh(listener: () => void): void {
    this.#listeners.add(listener)
  }

  get brokerCount(): number {
    return this.#brokers.size
  }

  isThere(broker: number): boolean {
    return this.#brokers.has(broker)
  }

  idOf(topic: string): string | undefined {
    this.#usedAt.set(topic, this.#clock.now())
    return this.#topics.get(topic)?.id
  }

  /** Undefined while there is none, and for a topic that is another by now. */
  leaderOf(topic: string, id: string, partition: number): Leader | undefined {
    const place = this.#topics.get(topic)
    const found = place?.id === id ? place.partitions[partition] : undefined
    const address = found && this.#brokers.get(found.broker)
    return found && address && { ...found, address }
  }

  /** Asks about topics, and from then on with every refresh. */
  async find(topics: readonly string[]): Promise<TopicsFound> {
    for (const topic of topics) this.#usedAt.set(topic, this.#clock.now())
    const refused = await this.#ask([...topics])
    const found = new Map<string, TopicFound>()
    for (const topic of topics) {
      const place = this.#topics.get(topic)
      if (place === undefined) continue
      const leaderless = place.partitions.filter(({ broker }) => !this.#brokers.has(broker)).length
      found.set(topic, { id: place.id, partitions: place.partitions.length, leaderless })
    }
    return { topics: found, refused }
  }

  /** Asks about one topic now: it may be another since. */
  look(topic: string): Promise<void> {
    const known = this.#looks.get(topic)
    if (known !== undefined) return known.ask()
    const look = new Coalesced(() => this.#ask([topic]).then(() => undefined))
    this.#looks.set(topic, look)
    return look.ask().finally(() => {
      if (look.isIdle) this.#looks.delete(topic)
    })
  }

  /** Asks who leads now; never fails. What is asked meanwhile shares the answer. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#ask(this.#inUse())
      .then(() => undefined)
      .catch((error: unknown) => this.#log.debug({ err: error }, 'no broker of Kafka says who leads'))
      .finally(() => {
        this.#refreshing = undefined
        if (!this.#isClosed) for (const listener of this.#listeners) listener()
      })
    return this.#refreshing
  }

  /** A question that any broker answers: the one that did so last, then the others. @throws AggregateError of what each said */
  async anyone<Arguments extends unknown[], Answer>(api: API<Arguments, Answer>, ...given: Arguments): Promise<Answer> {
    const failures: unknown[] = []
    for (const address of this.#candidates()) {
      if (this.#isClosed) break
      try {
        const answer = await this.lineTo(address).ask(api, ...given)
        this.#failedAt.delete(nameOf(address))
        return answer
      } catch (error) {
        this.#failedAt.set(nameOf(address), this.#clock.now())
        failures.push(new Error(`${nameOf(address)}: ${problemOf(error).reason}`, { cause: error }))
      }
    }
    throw new AggregateError(failures, 'no broker of Kafka answers')
  }

  /** For questions: what is read or written has connections of its own. */
  lineTo(address: BrokerAddress): BrokerLine {
    const name = nameOf(address)
    const known = this.#lines.get(name)
    if (known !== undefined) return known
    const line = this.newLine(address, kafkaLimits.askMs)
    this.#lines.set(name, line)
    return line
  }

  newLine(address: BrokerAddress, requestMs: number): BrokerLine {
    return new BrokerLine(address, this.options.clientId ?? 'fanfare', connectionOptions(this.options, address, requestMs))
  }

  close(): void {
    this.#isClosed = true
    for (const line of this.#lines.values()) line.close()
  }

  /** What nobody has used for long is forgotten: topics of single channels come and go. */
  #inUse(): string[] {
    const idleSince = this.#clock.now() - kafkaLimits.topicIdleMs
    for (const [topic, usedAt] of this.#usedAt) {
      if (usedAt > idleSince) continue
      this.#usedAt.delete(topic)
      this.#topics.delete(topic)
    }
    return [...this.#usedAt.keys()]
  }

  #candidates(): readonly BrokerAddress[] {
    const all = new Map([...this.#brokers.values(), ...this.#seeds].map(address => [nameOf(address), address]))
    const failedAt = (address: BrokerAddress) => this.#failedAt.get(nameOf(address)) ?? 0
    return [...all.values()].toSorted((left, right) => failedAt(left) - failedAt(right))
  }

  /** @returns the topics about which nothing is said, with the reason */
  async #ask(topics: string[]): Promise<ReadonlyMap<string, number>> {
    const refused = new Map<string, number>()
    const { brokers, topics: found } = await this.anyone(metadataV12.api, topics, false)
    if (this.#isClosed) return refused
    this.#brokers.clear()
    for (const { nodeId, host, port } of brokers) this.#brokers.set(nodeId, { host, port })
    for (const { errorCode, name, topicId, partitions } of found) {
      if (name === null || name === undefined) continue
      if (errorName(errorCode) === 'UNKNOWN_TOPIC_OR_PARTITION') this.#topics.delete(name)
      else if (errorCode !== 0 && !isPassing(errorCode)) refused.set(name, errorCode)
      else if (partitions.length > 0) this.#topics.set(name, { id: topicId, partitions: inOrder(partitions) })
    }
    return refused
  }
}

function inOrder(partitions: readonly { readonly partitionIndex: number; readonly leaderId: number; readonly leaderEpoch: number }[]) {
  return partitions
    .toSorted((left, right) => left.partitionIndex - right.partitionIndex)
    .map(({ leaderId, leaderEpoch }) => ({ broker: leaderId, epoch: leaderEpoch }))
}
