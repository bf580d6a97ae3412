import type { Namespace, Node } from '../hub/index.ts'
import { type Clock, every, type Json, type Timer } from '../kit/index.ts'
import { CommandError, errors } from '../protocol/index.ts'
import {
  fromWireDelivery,
  type NodeReport,
  type Question,
  type Questions,
  type Statement,
  type Statements,
  type TakenWatch,
  type WatchChange,
  type Welcome,
} from './messages.ts'
import type { RelayBroker } from './relay-broker.ts'
import type { RelayPresence } from './relay-presence.ts'
import type { Uplink, UplinkEvents } from './uplink.ts'

/** What a relay does on behalf of its parent, and reports to it. */
export interface RelayContext {
  readonly clock: Clock
  readonly node: Node
  readonly broker: RelayBroker
  readonly presence: RelayPresence
  readonly uplink: Uplink
  /** Services upstream brought a namespace. */
  addNamespace(namespace: Namespace): void
  /** This node and all below it. */
  reports(): readonly NodeReport[]
  /** A watchlist change for a stream here or below. */
  changeWatch(change: WatchChange): Promise<Json>
  takeWatch(session: string, user: string): Promise<TakenWatch | null>
}

/** How often a relay says how it is. A third of a lease, so that one lost report does not end it; viewer counts are at most this old (sports S20). */
const reportMs = 2000

/** Joins a node to its parent: what comes down the link goes to the broker, what the parent's services decide is asked there. */
export class Relay implements UplinkEvents {
  #context: RelayContext | undefined
  #reporting: Timer | undefined
  #forwardsEvents = false
  #welcome: Welcome | undefined
  #welcomed: (() => void) | undefined

  /** The link may come up before the node is complete: until then it only waits. Resolves with the first welcome. */
  begin(context: RelayContext): Promise<void> {
    this.#context = context
    this.#reporting = every(context.clock, reportMs, () => this.#report())
    context.node.forward = (method, data, { user, client = '' }) => context.uplink.ask('call', { method, data: data ?? null, user, client })
    context.node.on(event => {
      if (this.#forwardsEvents) context.uplink.say('event', event)
    })
    return new Promise(resolve => {
      this.#welcomed = resolve
      if (this.#welcome !== undefined) this.#take(context, this.#welcome)
    })
  }

  up(welcome: Welcome): void {
    this.#welcome = welcome
    if (this.#context !== undefined) this.#take(this.#context, welcome)
  }

  #take(context: RelayContext, welcome: Welcome): void {
    this.#learn(context, welcome)
    this.#report()
    this.#welcomed?.()
    context.broker.resubscribe()
    context.presence.retell().catch((error: unknown) => context.node.log.warn({ err: error }, 'presence could not be told upstream'))
  }

  #learn(context: RelayContext, welcome: Welcome): void {
    for (const namespace of welcome.namespaces) context.addNamespace(namespace)
    for (const namespace of welcome.authorized) {
      context.node.access.authorize(namespace, async request => (await context.uplink.ask('authorize', { request })) ?? true)
    }
    this.#forwardsEvents = welcome.listens
  }

  answer(question: Question, args: unknown): Promise<unknown> {
    const context = this.#context
    if (context === undefined) throw new CommandError(errors.notAvailable)
    if (question === 'watch') return context.changeWatch(args as Questions['watch']['args'])
    if (question === 'takeWatch') {
      const { session, user } = args as Questions['takeWatch']['args']
      return context.takeWatch(session, user)
    }
    throw new CommandError(errors.methodNotFound, question)
  }

  hear<S extends Statement>(statement: S, args: Statements[S]): void {
    if (this.#context === undefined) return
    if (isWelcome(statement, args)) this.#learn(this.#context, args)
    else hearings[statement]?.(this.#context, args)
  }

  failed(question: Question, error: unknown): void {
    this.#context?.node.log.error({ err: error, question }, 'a question of the node upstream failed unexpectedly')
  }

  close(): void {
    this.#reporting?.cancel()
  }

  #report(): void {
    const context = this.#context
    context?.uplink.say('report', { nodes: context.reports() })
  }
}

function isWelcome(statement: Statement, args: Statements[Statement]): args is Welcome {
  return statement === 'welcome' && 'authorized' in args
}

const hearings: { readonly [S in Statement]?: (context: RelayContext, args: Statements[S]) => void } = {
  deliver: ({ broker }, { channel, delivery }) => broker.received(channel, fromWireDelivery(delivery)),
  control: ({ broker }, message) => broker.controlled(message),
  suspect: ({ broker }, { channel }) => broker.suspect(channel),
}
