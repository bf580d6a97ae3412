import { z } from 'zod'
import { delayMaxMs, namespaceOf } from '../../protocol/index.ts'
import { namespaceBounds } from '../limits.ts'
import { type Delivery, flag } from './delivery.ts'

/** The options of every namespace, whichever its delivery. They mean what Centrifugo's options of the same name mean. */
export const namespaceRules = {
  /** '' for channels without a namespace. */
  name: z.string().refine(name => name === '' || namespaceBounds.name.test(name), 'expected a name of letters, digits, "-", "_" and "."'),
  /** How far behind a subscriber may ask to be; 0 where nobody may (sports S12). */
  delayMaxMs: z.number().min(0).max(delayMaxMs).default(0),
  presence: flag,
  joinLeave: flag,
  /** Sends joins and leaves to every subscriber, also to those that did not ask. */
  forcePushJoinLeave: flag,
  allowSubscribeForClient: flag,
  allowSubscribeForAnonymous: flag,
  allowPublishForClient: flag,
  allowPublishForSubscriber: flag,
  allowPublishForAnonymous: flag,
  allowPresenceForClient: flag,
  allowPresenceForSubscriber: flag,
  allowHistoryForClient: flag,
  allowHistoryForSubscriber: flag,
  allowUserLimitedChannels: flag,
  /** Asks the back end before a subscribe, or a publish. */
  subscribeHook: flag,
  publishHook: flag,
}

export type NamespaceRules = Readonly<z.output<z.ZodObject<typeof namespaceRules>>>

/** Options by name, as they are given: plain values that cross a link. */
export type NamespaceFields = Readonly<Record<string, unknown>>

class Defined {
  readonly #options: NamespaceFields

  constructor(
    readonly delivery: Delivery,
    options: NamespaceFields,
  ) {
    this.#options = options
  }

  /** The options that it was made from: another node makes the same namespace of them. */
  get options(): NamespaceFields {
    return this.#options
  }
}

/**
 * The policy of all channels whose names begin with `name:`. `defineNamespace` makes it, and nothing else: what is written out or copied is not
 * one, so that no code has a namespace that configuration would refuse.
 */
export type Namespace = Defined & NamespaceRules

export function isDefined(given: object): given is Namespace {
  return given instanceof Defined
}

/** For `defineNamespace` alone, which has checked everything. */
export function createNamespace(rules: NamespaceRules, delivery: Delivery, options: NamespaceFields): Namespace {
  return Object.assign(new Defined(delivery, options), rules)
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
