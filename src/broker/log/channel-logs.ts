import { History, type Namespace, unpaced } from '../../hub/index.ts'
import { at, backoffMs } from '../../kit/index.ts'
import { CommandError, errors, namespaceOf } from '../../protocol/index.ts'
import { OpenPartition } from './open-partition.ts'
import type { PartitionContext } from './partition-context.ts'
import { type LogRecord, type NamespaceLog, partitionOf, type SharedLog, type SharedLogs } from './shared-log.ts'
import { topicOf } from './topic-name.ts'

export interface ChannelLogsContext extends Omit<PartitionContext, 'channels' | 'states' | 'channelOf' | 'channelsMax' | 'recordsMax'> {
  readonly logs: Pick<SharedLogs, 'channels' | 'namespaces' | 'states'>
  /** Channels that a node knows at most. */
  readonly channelsMax: number
}

interface Topic {
  readonly opening: Promise<OpenPartition>
  opened: OpenPartition | undefined
  usedAt: number
}

type TopicPerChannel = NamespaceLog & { readonly mapping: 'per-channel' }

/** For a topic that was deleted and cannot be made. */
const retry = { baseMs: 200, capMs: 5000 } as const
/** How long a topic of one channel stays open that nobody follows. */
const topicIdleMs = 60_000
/** Records of one such topic that are read when it is opened, where its history is not longer. */
const topicRecordsMin = 1000

/** Where each channel is: in a partition of the log that all share, or of its namespace's own; or in a topic of its own, which is followed on demand. */
export class ChannelLogs {
  /** Resolves when everything has been read that was there at the start. */
  readonly ready: Promise<void>
  readonly #shared: readonly OpenPartition[]
  readonly #own = new Map<string, readonly OpenPartition[]>()
  readonly #perChannel = new Map<string, TopicPerChannel>()
  readonly #topics = new Map<string, Topic>()
  readonly #logs: readonly SharedLog[]
  #isClosed = false

  constructor(readonly context: ChannelLogsContext) {
    const { channels, namespaces = new Map(), states } = context.logs
    const logs = [channels]
    for (const [name, own] of namespaces) {
      if (own.mapping === 'per-channel') this.#perChannel.set(name, own)
      else {
        this.#own.set(
          name,
          this.#openShared(own.log, namespace => namespace === name),
        )
        logs.push(own.log)
      }
    }
    this.#shared = this.#openShared(channels, namespace => !namespaces.has(namespace), states)
    this.#logs = logs
    this.ready = Promise.all(this.partitions.map(({ ready }) => ready)).then(() => undefined)
  }

  /** All that are open now. */
  get partitions(): readonly OpenPartition[] {
    const topics = [...this.#topics.values()].flatMap(({ opened }) => (opened === undefined ? [] : [opened]))
    return [...this.#shared, ...[...this.#own.values()].flat(), ...topics]
  }

  /** Those of the log that all share. */
  get shared(): readonly OpenPartition[] {
    return this.#shared
  }

  /** @throws CommandError 100, temporary, where its topic cannot be opened now; 107 for a name that makes no topic; 106 where too many are open */
  async of(channel: string): Promise<OpenPartition> {
    const name = namespaceOf(channel)
    const own = this.#perChannel.get(name)
    if (own !== undefined) return await this.#topicOf(channel, own)
    const partitions = this.#own.get(name) ?? this.#shared
    return at(partitions, partitionOf(channel, partitions.length))
  }

  silentMs(): number {
    return Math.max(0, ...this.#logs.map(log => log.silentMs()), ...this.partitions.map(({ context }) => context.channels.silentMs()))
  }

  sweep(count: number): void {
    const now = this.context.clock.now()
    for (const [channel, { opened, usedAt }] of this.#topics) {
      if (opened === undefined || usedAt + topicIdleMs > now) continue
      if (this.context.isFollowed(channel)) continue
      this.#topics.delete(channel)
      opened.close()
    }
    for (const { partition } of this.partitions) partition.sweep(count)
  }

  close(): void {
    this.#isClosed = true
    for (const partition of this.partitions) partition.close()
    for (const { opening } of this.#topics.values())
      opening.then(
        opened => opened.close(),
        () => undefined,
      )
    this.#topics.clear()
  }

  #openShared(log: SharedLog, isIts: (namespace: string) => boolean, states?: SharedLog): readonly OpenPartition[] {
    const { limits, channelsMax } = this.context
    const numbers = Array.from({ length: log.partitions }, (_, number) => number)
    const recordsMax = Math.ceil(limits.startRecordsMax / log.partitions)
    return numbers.map(number => {
      const channelOf = ({ key }: LogRecord) => (partitionOf(key, log.partitions) === number && isIts(namespaceOf(key)) ? key : undefined)
      const bounds = { recordsMax, channelsMax: Math.ceil(channelsMax / log.partitions) }
      return new OpenPartition(number, { ...this.context, ...bounds, channels: log, channelOf, states })
    })
  }

  #topicOf(channel: string, own: TopicPerChannel): Promise<OpenPartition> {
    const now = this.context.clock.now()
    const known = this.#topics.get(channel)
    if (known !== undefined) {
      known.usedAt = now
      return known.opening
    }
    const topic: Topic = { opening: this.#open(channel, own), opened: undefined, usedAt: now }
    this.#topics.set(channel, topic)
    topic.opening.then(
      opened => {
        topic.opened = opened
      },
      () => this.#topics.delete(channel),
    )
    return topic.opening
  }

  async #open(channel: string, { prefix, open }: TopicPerChannel): Promise<OpenPartition> {
    const { limits, log } = this.context
    const topic = topicOf(prefix, channel.slice(channel.indexOf(':') + 1))
    if (topic === undefined) throw new CommandError(errors.badRequest, 'channel: too long for the name of a topic')
    if (this.#topics.size >= limits.topicsMax)
      throw new CommandError(errors.limitExceeded, `at most ${limits.topicsMax} topics of channels`)
    const channels = await open(topic).catch((error: unknown) => {
      log.warn({ err: error, topic }, 'a topic cannot be opened')
      throw new CommandError(errors.internal, 'the topic of this channel cannot be opened')
    })
    const bounds = { recordsMax: this.#recordsOf(this.context.namespaceOf(channel)), channelsMax: 1 }
    const gone = () => this.#gone(channel, opened)
    const opened: OpenPartition = new OpenPartition(0, { ...this.context, ...bounds, channels, channelOf: () => channel, gone })
    return opened
  }

  /** Somebody deleted the topic of a channel, which is no matter of any other. */
  #gone(channel: string, opened: OpenPartition): void {
    if (this.#topics.get(channel)?.opened !== opened) return
    this.context.log.warn({ channel }, 'the topic of a channel is not there any more')
    this.#topics.delete(channel)
    opened.close()
    void this.#openAgain(channel)
  }

  /** For those who follow it, who must ask then. */
  async #openAgain(channel: string): Promise<void> {
    const { clock, random, isFollowed, sinks } = this.context
    for (let attempt = 0; !this.#isClosed && isFollowed(channel); attempt++) {
      const opened = await this.of(channel).catch(() => undefined)
      if (opened !== undefined) {
        await opened.ready
        for (const sink of sinks()) sink.mayHaveMissed(channel)
        return
      }
      await new Promise<void>(resolve => clock.after(backoffMs(attempt, random, retry), resolve))
    }
  }

  /** What comes before its history is not needed, but for values that may have come long before. */
  #recordsOf(namespace: Namespace | undefined): number {
    if (namespace === undefined || !History.keeps(namespace)) return 0
    const { delivery } = namespace
    if (delivery.states('', unpaced).length > 0) return this.context.limits.readBackRecordsMax
    return Math.max(topicRecordsMin, 2 * delivery.history.size)
  }
}
