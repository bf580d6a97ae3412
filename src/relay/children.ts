import type { Server, ServerWebSocket } from 'bun'
import type { BrokerSink, ChannelDelivery, Control, Exchange, LifecycleEvent, Node } from '../hub/index.ts'
import type { Json } from '../kit/index.ts'
import { CommandError, errors } from '../protocol/index.ts'
import type { Upgraded } from '../transport/index.ts'
import { encodeStatement, Link, type LinkPeer } from './link.ts'
import {
  fromWireDelivery,
  type NodeReport,
  type Question,
  type Questions,
  type Statement,
  type Statements,
  type TakenWatch,
  toWireDelivery,
  toWirePage,
  type WatchChange,
  type Welcome,
} from './messages.ts'

/** What nodes below ask for beyond broker and presence. */
export interface ChildrenContext {
  host(): { readonly node: Node }
  exchange(): Exchange
  readonly isSecret: (given: string) => boolean
  welcome(): Welcome
  redeem(ticket: string): string | undefined | Promise<string | undefined>
  /** A watchlist change for a stream that is not below this node. */
  changeWatch(change: WatchChange): Promise<Json>
  takeWatch(session: string, user: string): Promise<TakenWatch | null>
  /** Something happened on a node below. */
  happened(event: LifecycleEvent, node: string): void
  /** A node below is gone. */
  left(node: string): void
}

/** The nodes linked to this one from below. */
export class Children {
  readonly #children = new Map<string, Child>()
  #last: { delivery: ChannelDelivery; channel: string; line: string } | undefined

  constructor(readonly context: ChildrenContext) {}

  /** Answers a request that may not be upgraded; undefined when it was. */
  upgrade(request: Request, server: Server<Upgraded>): Response | undefined {
    const given = request.headers.get('authorization') ?? ''
    if (!given.startsWith('Bearer ') || !this.context.isSecret(given.slice(7))) {
      return Response.json({ error: { code: 401, message: 'a node needs the secret of the cluster' } }, { status: 401 })
    }
    if (server.upgrade(request, { data: new Child(this) })) return undefined
    return Response.json({ error: { code: 426, message: 'a WebSocket upgrade is expected here' } }, { status: 426 })
  }

  /** What all nodes below last said of themselves. */
  reports(): NodeReport[] {
    return [...this.#children.values()].flatMap(child => child.reports)
  }

  get size(): number {
    return this.#children.size
  }

  began(child: Child, id: string): void {
    this.#children.get(id)?.replace()
    this.#children.set(id, child)
    this.context.exchange().attach(child)
  }

  ended(child: Child, id: string): void {
    this.context.exchange().detach(child)
    if (this.#children.get(id) !== child) return
    this.#children.delete(id)
    // Its clients may be on their way to another node: their presence lasts as long as the lease.
    this.context.host().node.presence.renew(id)
    this.context.left(id)
  }

  /** The child below which a node is, by its id. */
  below(node: string): Child | undefined {
    return [...this.#children.values()].find(child => child.id === node || child.reports.some(report => report.node === node))
  }

  /** The line of a delivery, made once for all children. */
  lineOf(channel: string, delivery: ChannelDelivery): string {
    if (this.#last?.delivery !== delivery || this.#last.channel !== channel) {
      this.#last = { channel, delivery, line: encodeStatement('deliver', { channel, delivery: toWireDelivery(delivery) }) }
    }
    return this.#last.line
  }

  /** What nodes below were told when they linked has changed. */
  welcomeAgain(): void {
    if (this.#children.size === 0) return
    const welcome = this.context.welcome()
    for (const child of this.#children.values()) child.link?.say('welcome', welcome)
  }

  close(): void {
    for (const child of this.#children.values()) child.link?.close()
  }
}

/** One node below: hears what it subscribed to, and asks through its link. */
export class Child implements Upgraded, BrokerSink, LinkPeer {
  id = ''
  link: Link | undefined
  reports: readonly NodeReport[] = []
  readonly #channels = new Set<string>()

  constructor(readonly siblings: Children) {}

  opened(socket: ServerWebSocket<Upgraded>): void {
    this.link = new Link(
      this.siblings.context.host().node.clock,
      { send: text => void socket.sendText(text), close: () => socket.close() },
      this,
    )
  }

  received(text: string): void {
    try {
      this.link?.received(text)
    } catch (error) {
      this.siblings.context.host().node.log.error({ err: error, node: this.id }, 'a node below sent what cannot be read')
      this.link?.close()
    }
  }

  drained(): void {}

  gone(): void {
    this.link?.closed()
    if (this.id === '') return
    this.siblings.ended(this, this.id)
    const exchange = this.siblings.context.exchange()
    for (const channel of this.#channels) exchange.unsubscribe(channel).catch(() => undefined)
  }

  /** The same node has linked again. */
  replace(): void {
    this.link?.close()
  }

  deliver(channel: string, delivery: ChannelDelivery): void {
    if (this.#channels.has(channel)) this.link?.sayEncoded(this.siblings.lineOf(channel, delivery))
  }

  control(message: Control): void {
    this.link?.say('control', message)
  }

  suspect(channel: string): void {
    if (this.#channels.has(channel)) this.link?.say('suspect', { channel })
  }

  async answer<Q extends Question>(question: Q, args: Questions[Q]['args']): Promise<unknown> {
    const handler = answers[question]
    if (handler === undefined) throw new CommandError(errors.methodNotFound, question)
    return handler(this, args)
  }

  hear<S extends Statement>(statement: S, args: Statements[S]): void {
    hearings[statement]?.(this, args)
  }

  failed(question: Question, error: unknown): void {
    this.siblings.context.host().node.log.error({ err: error, node: this.id, question }, 'a question of a node below failed unexpectedly')
  }

  begin(id: string): Welcome {
    this.id = id
    this.siblings.began(this, id)
    this.siblings.context.host().node.presence.renew(id)
    return this.siblings.context.welcome()
  }

  async subscribe(channel: string): Promise<void> {
    if (this.#channels.has(channel)) return
    this.#channels.add(channel)
    await this.siblings.context.exchange().subscribe(channel)
  }

  async unsubscribe(channel: string): Promise<void> {
    if (this.#channels.delete(channel)) await this.siblings.context.exchange().unsubscribe(channel)
  }
}

type Answers = { readonly [Q in Question]?: (child: Child, args: Questions[Q]['args']) => Promise<unknown> | unknown }
type Hearings = { readonly [S in Statement]?: (child: Child, args: Statements[S]) => void }

const answers: Answers = {
  hello: (child, { node }) => child.begin(node),
  publish: ({ siblings: { context } }, { channel, data, options }) => context.host().node.publish(channel, data, options),
  announce: ({ siblings: { context } }, { channel, delivery }) => context.exchange().announce(channel, fromWireDelivery(delivery)),
  subscribe: (child, { channel }) => child.subscribe(channel),
  unsubscribe: (child, { channel }) => child.unsubscribe(channel),
  history: async ({ siblings: { context } }, { channel, query }) => toWirePage(await context.exchange().history(channel, query)),
  removeHistory: ({ siblings: { context } }, { channel }) => context.exchange().removeHistory(channel),
  control: ({ siblings: { context } }, message) => context.exchange().control(message),
  track: async (child, { entries }) => {
    for (const { channel, info } of entries) await child.siblings.context.host().node.presence.track(channel, info, child.id)
  },
  untrack: ({ siblings: { context } }, { channel, client }) => context.host().node.presence.untrack(channel, client),
  presence: async ({ siblings: { context } }, { channel }) => [...(await context.host().node.presence.list(channel)).values()],
  presenceStats: ({ siblings: { context } }, { channel }) => context.host().node.presence.stats(channel),
  authorize: ({ siblings: { context } }, { request }) => context.host().node.access.ask(request),
  call: async ({ siblings: { context } }, { method, data, user, client }) =>
    (await context.host().node.call(method, data ?? undefined, { user, client })) ?? null,
  redeem: async ({ siblings: { context } }, { ticket }) => (await context.redeem(ticket)) ?? null,
  watch: ({ siblings: { context } }, change) => context.changeWatch(change),
  takeWatch: ({ siblings: { context } }, { session, user }) => context.takeWatch(session, user),
}

const hearings: Hearings = {
  event: (child, event) => child.siblings.context.happened(event, child.id),
  report: (child, { nodes }) => {
    child.reports = nodes
    child.siblings.context.host().node.presence.renew(child.id)
  },
}
