import { MemoryPresence, ProvidedHistories } from '../broker/index.ts'
import type { Broker, BrokerSink, CommandContext, HistoryProvider, Presence, SessionPush } from '../hub/index.ts'
import type { Json } from '../kit/index.ts'
import { Below } from './below.ts'
import { ControlLog } from './control-log.ts'
import { OwnedCalls } from './owned-calls.ts'
import { type Owner, slotOf } from './placement/index.ts'
import type { TakenWatch, WatchChange, Welcome } from './protocol.ts'
import type { NodeReport } from './report.ts'
import { notReady, type OpenExchange, type Route, type Topology, type TopologyHost, type TopologyOptions } from './topology.ts'

export interface SingleOptions extends TopologyOptions {
  openBroker: OpenExchange
}

/** Revocations of one answer between nodes. */
const revocationsPage = 500

/** A node with nothing above it: it has the broker, presence and services, and owns every key. Relays may hang below. */
export class Single implements Topology {
  readonly role = 'central'
  readonly isCentral = true
  readonly isOrphan = false
  readonly upstream = undefined
  readonly isShared = false
  readonly owned = new OwnedCalls()
  readonly fence = undefined
  readonly #below: Below
  readonly #controls: ControlLog
  #histories: ProvidedHistories | undefined

  constructor(readonly options: SingleOptions) {
    this.#controls = new ControlLog(options.id)
    this.#below = new Below(options, {
      controls: this.#controls,
      isRoot: true,
      peers: undefined,
      region: '',
      role: () => this.role,
      exchange: () => this.#histories,
      followed: () => undefined,
      welcome: () => this.#welcome(),
      revocations: async after => this.#below.host.node.revocations.after(after, revocationsPage),
      redeem: ticket => this.redeem(ticket),
      changed: () => undefined,
      routeBeyond: () => ({ kind: 'nowhere' }),
    })
  }

  get children() {
    return this.#below.children
  }

  get hostStats() {
    return this.#below.hostStats
  }

  broker(sink: BrokerSink): Broker {
    const histories = new ProvidedHistories(this.options.clock, this.options.openBroker(sink))
    // Numbered before any node below hears of it.
    histories.attach({ deliver() {}, mayHaveMissed() {}, removed() {}, control: message => this.#controls.issue(message) })
    this.#histories = histories
    return histories
  }

  presence(broker: Broker): Presence {
    return new MemoryPresence(this.options, broker)
  }

  provideHistory(namespace: string, provider: HistoryProvider): void {
    this.#histories?.provide(namespace, provider)
    this.changed()
  }

  join(host: TopologyHost): void {
    this.#below.join(host)
  }

  async begin(): Promise<void> {}

  async serve(): Promise<void> {}

  troubles() {
    return []
  }

  fleet(): undefined {}

  changed(): void {
    this.children.welcomeAgain()
  }

  renew(): void {}

  ownerOf(key: string): Owner {
    return { kind: 'here', slot: slotOf(key), term: 1 }
  }

  callOwner(key: string, method: string, data: Json | undefined, context: CommandContext): Promise<Json | undefined> {
    return this.owned.run(this.#below.host.node, method, [key, data, { ...context, owned: { key, slot: slotOf(key), term: 1 } }])
  }

  routeTo(session: string): Route {
    return this.#below.route(session)
  }

  async redeem(ticket: string): Promise<string | undefined> {
    return this.#below.host.redeem(ticket)
  }

  changeWatch(change: WatchChange): Promise<Json> {
    return this.#below.streams.change(this.routeTo(change.session), change)
  }

  async takeWatch(session: string, user: string): Promise<TakenWatch | undefined> {
    return (await this.#below.streams.take(this.routeTo(session), session, user)) ?? undefined
  }

  push(pushed: SessionPush): Promise<boolean> {
    return this.#below.push(pushed)
  }

  channels(pattern: string): Promise<Readonly<Record<string, number>>> {
    return this.#below.channels(pattern)
  }

  reports(): readonly NodeReport[] {
    return this.#below.reports()
  }

  surveyWorkers(): Promise<readonly unknown[]> {
    return this.#below.surveyWorkers()
  }

  async close(): Promise<void> {
    this.children.close()
  }

  /** @throws CommandError 503 while it is about to end */
  #welcome(): Welcome {
    return centralWelcome(this.#below.host, this.options, this.#histories?.namespaces ?? [])
  }
}

/** The welcome of a node with services of its own to a node that links to it. @throws CommandError 503 while it is closing */
export function centralWelcome(
  { node, isDraining }: TopologyHost,
  { namespaces }: TopologyOptions,
  historyElsewhere: readonly string[],
): Welcome {
  if (isDraining) throw notReady('the node upstream is shutting down')
  return {
    node: node.id,
    path: [node.id],
    namespaces: namespaces.list().map(({ options }) => options),
    authorized: node.access.authorized,
    historyElsewhere,
    hasConnectHandlers: node.connectHandlers.size > 0,
    listens: node.isListened,
  }
}
