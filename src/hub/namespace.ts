import { namespaceOf } from '../protocol/index.ts'

/** What a channel promises its subscribers; the Outbox and the channel's state stores do the rest. */
export type Delivery = 'stream' | 'latest' | 'conflated' | 'lanes' | 'ephemeral'

/** One lane of a `lanes` channel. The first lane is the urgent one: at once, in order, never dropped. */
export interface Lane {
  readonly name: string
  /** 0 for at once. */
  readonly intervalMs: number
  /** `all`: a stream with history. `newest`: the newest value per key. `tail`: the last `max` publications, the oldest dropped first. */
  readonly keep: 'all' | 'newest' | 'tail'
  /** How many keys (`newest`) or publications (`tail`) are kept. */
  readonly max: number
}

/** The policy of all channels whose names begin with `name:`. Options keep the meaning of Centrifugo's options of the same name. */
export interface Namespace {
  /** '' for channels without a namespace. */
  readonly name: string
  readonly delivery: Delivery
  /** How often a `conflated` channel sends at most. */
  readonly intervalMs: number
  readonly lanes: readonly Lane[]
  readonly historySize: number
  readonly historyTtlMs: number
  /** How long epoch and offset outlive the publications of a quiet channel. */
  readonly historyMetaTtlMs: number
  readonly historyStore: 'memory' | 'disk'
  /** How far behind a subscriber may ask to be; 0 where nobody may (sports S12). */
  readonly delayMaxMs: number
  readonly presence: boolean
  readonly joinLeave: boolean
  /** Sends joins and leaves to every subscriber, also to those that did not ask. */
  readonly forcePushJoinLeave: boolean
  readonly forceRecovery: boolean
  readonly forcePositioning: boolean
  readonly allowSubscribeForClient: boolean
  readonly allowSubscribeForAnonymous: boolean
  readonly allowPublishForClient: boolean
  readonly allowPublishForSubscriber: boolean
  readonly allowPublishForAnonymous: boolean
  readonly allowPresenceForClient: boolean
  readonly allowPresenceForSubscriber: boolean
  readonly allowHistoryForClient: boolean
  readonly allowHistoryForSubscriber: boolean
  readonly allowUserLimitedChannels: boolean
  /** Subscribers may ask for a part by tags. */
  readonly allowTagsFilter: boolean
  readonly allowedDeltaTypes: readonly 'fossil'[]
  /** Delta between any two publications, asked for by the publisher's side; otherwise only where the publish call says `delta: true`. */
  readonly deltaPublish: boolean
  /** Asks the back end before a subscribe, or a publish. */
  readonly subscribeHook: boolean
  readonly publishHook: boolean
}

const minute = 60_000

/** The lanes of a `lanes` channel that names none (sports S10). */
export const defaultLanes: readonly Lane[] = [
  { name: 'urgent', intervalMs: 0, keep: 'all', max: 0 },
  { name: 'stats', intervalMs: 1000, keep: 'newest', max: 1000 },
  { name: 'text', intervalMs: 2000, keep: 'tail', max: 100 },
]

export const namespaceDefaults: Namespace = {
  name: '',
  delivery: 'stream',
  intervalMs: 100,
  lanes: defaultLanes,
  historySize: 0,
  historyTtlMs: 0,
  historyMetaTtlMs: 30 * 24 * 60 * minute,
  historyStore: 'memory',
  delayMaxMs: 0,
  presence: false,
  joinLeave: false,
  forcePushJoinLeave: false,
  forceRecovery: false,
  forcePositioning: false,
  allowSubscribeForClient: false,
  allowSubscribeForAnonymous: false,
  allowPublishForClient: false,
  allowPublishForSubscriber: false,
  allowPublishForAnonymous: false,
  allowPresenceForClient: false,
  allowPresenceForSubscriber: false,
  allowHistoryForClient: false,
  allowHistoryForSubscriber: false,
  allowUserLimitedChannels: false,
  allowTagsFilter: false,
  allowedDeltaTypes: [],
  deltaPublish: false,
  subscribeHook: false,
  publishHook: false,
}

/** Whether publications of the channel keep a place in a history. */
export function hasHistory(namespace: Namespace): boolean {
  return (namespace.delivery === 'stream' || namespace.delivery === 'lanes') && namespace.historySize > 0 && namespace.historyTtlMs > 0
}

/** Finds the policy of a channel by its name. */
export class Namespaces {
  readonly #byName = new Map<string, Namespace>()

  constructor(namespaces: readonly Namespace[]) {
    for (const namespace of namespaces) this.add(namespace)
  }

  /** A name that was there is replaced: the configuration is given after the services' own namespaces. */
  add(namespace: Namespace): void {
    this.#byName.set(namespace.name, namespace)
  }

  remove(name: string): void {
    this.#byName.delete(name)
  }

  /** The policy, or undefined where the channel's namespace is not configured: such a channel does not exist. */
  resolve(channel: string): Namespace | undefined {
    return this.#byName.get(namespaceOf(channel))
  }

  list(): Namespace[] {
    return [...this.#byName.values()]
  }
}
