import { type LifecycleEvent, type NamespaceFields, type Node, payerOf, type SessionPush } from '../hub/index.ts'
import { type Clock, every, type Json, RingBuffer, type Timer } from '../kit/index.ts'
import { CommandError, errors } from '../protocol/index.ts'
import type { ControlLog, NumberedControl } from './control-log.ts'
import { Handlers } from './handlers.ts'
import { type Hello, type HelloReply, linkVersion, protocol, type TakenWatch, type WatchChange, type Welcome } from './protocol.ts'
import { ClientQuestions } from './questions.ts'
import type { RelayBroker } from './relay-broker.ts'
import type { RelayPresence } from './relay-presence.ts'
import type { NodeReport } from './report.ts'
import type { Uplink, UplinkEvents } from './uplink.ts'
import { UpstreamGrants } from './upstream-grants.ts'
import { fromWireMessage } from './wire.ts'

/** The context of a relay: what it does for its parent, and reports to it. */
export interface RelayContext {
  readonly clock: Clock
  readonly node: Node
  readonly broker: RelayBroker
  readonly presence: RelayPresence
  readonly uplink: Uplink
  readonly controls: ControlLog
  /** Between reports. At most this old are the figures of this node upstream (sports S20: viewers are summed every 2 s). */
  readonly reportMs: number
  /** The namespaces are these from now on. */
  adopt(namespaces: readonly NamespaceFields[]): void
  /** Nodes below must be told as well. */
  changed(): void
  /** This node and all below it. */
  reports(): readonly NodeReport[]
  /** A watchlist change for a stream here or below. */
  changeWatch(change: WatchChange): Promise<Json>
  takeWatch(session: string, user: string): Promise<TakenWatch | null>
  channels(pattern: string): Promise<Readonly<Record<string, number>>>
  /** Sends to one client here or below. */
  push(pushed: SessionPush): Promise<boolean>
  stats(): unknown
  /** There has been no parent for a while. */
  lost(): void
}

/** Events of sessions that are kept while there is no link. Beyond, the oldest are lost. */
const untoldMax = 10_000
/** Channels of one notification. */
const occupiedBatchMax = 500

/** Joins a node to its parent: what comes down the link goes to the broker, what the parent's services decide is asked there. */
export class Relay implements UplinkEvents {
  #context: RelayContext | undefined
  #grants: UpstreamGrants | undefined
  #reporting: Timer | undefined
  #reply: HelloReply | undefined
  #welcome: Welcome | undefined
  #caughtUp: (() => void) | undefined
  readonly #untold = new RingBuffer<LifecycleEvent>()
  readonly #handlers = relayHandlers((context, welcome) => this.#learn(context, welcome))
  #untoldLost = 0

  constructor(
    readonly node: string,
    readonly controls: ControlLog,
  ) {}

  /** The link may come up before the node is complete: until then it only waits. Resolves when the parent has been heard. */
  begin(context: RelayContext): Promise<void> {
    this.#context = context
    const questions = new ClientQuestions()
    this.#grants = new UpstreamGrants(context.clock, context.uplink, questions)
    this.#reporting = every(context.clock, context.reportMs, () => this.report())
    context.node.forward = (method, data, asking) => {
      const { user, client = '' } = asking
      return questions.ask(payerOf(asking), () => context.uplink.request(protocol.call, { method, data: data ?? null, user, client }))
    }
    context.node.connectHandlers.add(async (client, data) =>
      this.#welcome?.hasConnectHandlers ? context.uplink.request(protocol.onConnect, { client, data: data ?? null }) : undefined,
    )
    context.node.on(event => this.#happened(event))
    return new Promise(resolve => {
      this.#caughtUp = resolve
      if (this.#reply !== undefined) this.#take(context, this.#reply)
    })
  }

  /** The parent's last welcome. */
  get welcome(): Welcome | undefined {
    return this.#welcome
  }

  hello(): Hello {
    const { heard } = this.controls
    return { node: this.node, version: linkVersion, ...(heard === undefined ? {} : { heard }) }
  }

  up(reply: HelloReply): void {
    this.#reply = reply
    if (this.#context !== undefined) this.#take(this.#context, reply)
  }

  lost(): void {
    this.#context?.lost()
  }

  backedUp(bytes: number): void {
    this.#context?.node.log.warn({ bytes }, 'the node upstream reads too slowly; linking again')
    this.#context?.uplink.drop('it does not keep up')
  }

  request(name: string, input: unknown): unknown {
    if (this.#context === undefined) throw new CommandError(errors.notAvailable)
    return this.#handlers.request(this.#context, name, input)
  }

  notified(name: string, input: unknown): void {
    if (this.#context !== undefined) this.#handlers.notified(this.#context, name, input)
  }

  failed(name: string, error: unknown): void {
    this.#context?.node.log.error({ err: error, request: name }, 'a request of the node upstream failed unexpectedly')
  }

  /** Says how this node and all below it are. */
  report(): void {
    const { uplink, reports } = this.#context ?? {}
    if (uplink?.isUp && reports !== undefined) uplink.request(protocol.report, { nodes: reports() }).catch(() => undefined)
  }

  close(): void {
    this.#reporting?.cancel()
  }

  #take(context: RelayContext, { welcome, missed, heard }: HelloReply): void {
    this.#learn(context, welcome)
    for (const control of missed) takeControl(context, control)
    if (heard !== undefined) this.controls.catchUp(heard)
    void this.#takeRevocations(context).then(() => this.#caughtUp?.())
    this.report()
    context.broker.resubscribe()
    context.presence.retell()
    this.#tellMissed(context, welcome)
  }

  /** All of them each time: what was revoked while there was no link must not let anyone in. */
  async #takeRevocations({ node, uplink }: RelayContext): Promise<void> {
    try {
      for (
        let after = 0, page = await uplink.request(protocol.revocations, { after });
        page.length > 0;
        page = await uplink.request(protocol.revocations, { after })
      ) {
        for (const { number, revocation } of page) {
          after = number
          node.control({ kind: 'revoke', revocation })
        }
      }
    } catch (error) {
      node.log.warn({ err: error }, 'the revocations of the node upstream could not be fetched; the next link will fetch them')
    }
  }

  #learn(context: RelayContext, welcome: Welcome): void {
    const listenedBefore = this.#welcome?.listens ?? false
    this.#welcome = welcome
    context.adopt(welcome.namespaces)
    context.broker.historyElsewhere = welcome.historyElsewhere
    for (const namespace of welcome.authorized) {
      context.node.access.authorize(namespace, async request => (await this.#grants?.ask(request)) ?? false, { anonymous: true })
    }
    if (welcome.listens && !listenedBefore) this.#tellOccupied(context)
    context.changed()
  }

  #happened(event: LifecycleEvent): void {
    const uplink = this.#context?.uplink
    if (!this.#welcome?.listens || uplink === undefined) return
    if (uplink.isUp) uplink.notify(protocol.event, event)
    // Which channels are occupied is told as a whole when there is a link again.
    else if (event.kind !== 'channel_occupied' && event.kind !== 'channel_vacated') this.#keep(event)
  }

  #keep(event: LifecycleEvent): void {
    this.#untold.push(event)
    if (this.#untold.size <= untoldMax) return
    this.#untold.shift()
    this.#untoldLost++
  }

  #tellMissed(context: RelayContext, { listens }: Welcome): void {
    if (listens) this.#tellOccupied(context)
    for (let event = this.#untold.shift(); event !== undefined; event = this.#untold.shift())
      if (listens) context.uplink.notify(protocol.event, event)
    if (this.#untoldLost > 0) context.node.log.warn({ events: this.#untoldLost }, 'more events happened without a link than could be kept')
    this.#untoldLost = 0
  }

  #tellOccupied({ node, uplink }: RelayContext): void {
    const channels = node.occupied
    for (let from = 0; from < channels.length; from += occupiedBatchMax)
      uplink.notify(protocol.occupied, { channels: channels.slice(from, from + occupiedBatchMax) })
  }
}

function relayHandlers(learn: (context: RelayContext, welcome: Welcome) => void): Handlers<RelayContext> {
  return new Handlers<RelayContext>()
    .handle(protocol.watch, (context, change) => context.changeWatch(change))
    .handle(protocol.takeWatch, (context, { session, user }) => context.takeWatch(session, user))
    .handle(protocol.channels, (context, { pattern }) => context.channels(pattern))
    .handle(protocol.push, (context, pushed) => context.push(pushed))
    .handle(protocol.stats, context => context.stats())
    .handle(protocol.deliver, ({ broker }, { channel, message }) => broker.received(channel, fromWireMessage(message)))
    .handle(protocol.controlled, takeControl)
    .handle(protocol.mayHaveMissed, ({ broker }, { channel }) => broker.mayHaveMissed(channel))
    .handle(protocol.removed, ({ broker }, { channel }) => broker.removed(channel))
    .handle(protocol.welcome, learn)
}

function takeControl({ broker, controls }: RelayContext, control: NumberedControl): void {
  if (controls.take(control)) broker.controlled(control.message)
}
