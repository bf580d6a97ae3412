import type { ServerWebSocket } from 'bun'
import { type AccessRequest, type BrokerMessage, type BrokerSink, type HistoryQuery, partAt } from '../hub/index.ts'
import { CommandError, errors, type Position } from '../protocol/index.ts'
import type { Upgraded } from '../transport/index.ts'
import type { Children, ChildrenContext } from './children.ts'
import { Link, type LinkPeer, type LinkSocket } from './link.ts'
import {
  fromWireDelivery,
  type Hello,
  type HelloReply,
  linkCloses,
  linkVersion,
  type Question,
  type Questions,
  type Statement,
  type Statements,
  toWirePage,
  type WireGrant,
  type WirePage,
} from './messages.ts'
import type { NodeReport } from './report.ts'

/** One node below: hears what it subscribed to, and asks through its link. */
export class Child implements Upgraded, BrokerSink, LinkPeer {
  id = ''
  /** Under which name its clients are kept in presence. */
  owner = ''
  link: Link | undefined
  reports: readonly NodeReport[] = []
  readonly #channels = new Set<string>()
  #isGone = false

  constructor(readonly siblings: Children) {}

  get context(): ChildrenContext {
    return this.siblings.context
  }

  /** The channels that it follows. */
  get channels(): ReadonlySet<string> {
    return this.#channels
  }

  opened(socket: ServerWebSocket<Upgraded>): void {
    this.link = new Link(this.context.clock, new ServerLinkSocket(socket), this)
  }

  received(text: string): void {
    try {
      this.link?.received(text)
    } catch (error) {
      this.context.log.error({ err: error, node: this.id }, 'a node below sent what cannot be read')
      this.link?.close(linkCloses.unreadable.code, linkCloses.unreadable.reason)
    }
  }

  drained(): void {}

  gone(): void {
    if (this.#isGone) return
    this.#isGone = true
    this.link?.closed()
    if (this.id === '') return
    this.siblings.ended(this, this.id, this.owner)
    for (const channel of this.#channels)
      this.context
        .exchange()
        .unsubscribe(channel)
        .catch(() => undefined)
    this.#channels.clear()
  }

  deliver(channel: string, delivery: BrokerMessage): void {
    if (!this.#channels.has(channel)) return
    if (delivery.kind === 'publication') this.siblings.relayed++
    this.link?.sayEncoded(this.siblings.lineOf(channel, delivery))
  }

  control(): void {
    const { newest } = this.context.controls
    if (newest !== undefined) this.link?.say('control', newest)
  }

  mayHaveMissed(channel: string): void {
    if (this.#channels.has(channel)) this.link?.say('mayHaveMissed', { channel })
  }

  removed(channel: string): void {
    if (this.#channels.has(channel)) this.link?.say('removed', { channel })
  }

  answer<Q extends Question>(question: Q, args: Questions[Q]['args']): unknown {
    if (this.id === '' && question !== 'hello') throw new CommandError(errors.badRequest, 'a node says hello first')
    const handler = answers[question]
    if (handler === undefined) throw new CommandError(errors.methodNotFound, question)
    return handler(this, args)
  }

  hear<S extends Statement>(statement: S, args: Statements[S]): void {
    if (this.id !== '') hearings[statement]?.(this, args)
  }

  failed(question: Question, error: unknown): void {
    this.context.log.error({ err: error, node: this.id, question }, 'a question of a node below failed unexpectedly')
  }

  backedUp(bytes: number): void {
    this.context.log.warn({ node: this.id, bytes }, 'a node below takes what is sent too slowly: its link was cut')
    this.gone()
  }

  begin({ node, version, heard }: Hello): HelloReply {
    if (this.id !== '') throw new CommandError(errors.badRequest, 'hello was said already')
    if (version !== linkVersion) throw new CommandError(errors.badRequest, `the link is of version ${linkVersion} here, not ${version}`)
    const { controls } = this.context
    const welcome = this.context.welcome()
    this.id = node
    this.owner = this.siblings.began(this, node)
    return { welcome, missed: controls.missedBy(heard), ...(controls.heard === undefined ? {} : { heard: controls.heard }) }
  }

  async subscribe(channel: string): Promise<void> {
    if (this.#channels.has(channel)) return
    this.#channels.add(channel)
    try {
      await this.context.exchange().subscribe(channel)
    } catch (error) {
      this.#channels.delete(channel)
      throw error
    }
  }

  async open(channel: string, query: HistoryQuery): Promise<WirePage> {
    await this.subscribe(channel)
    try {
      return toWirePage(await this.context.exchange().history(channel, query))
    } catch (error) {
      this.unsubscribe(channel)
      throw error
    }
  }

  unsubscribe(channel: string): void {
    if (this.#channels.delete(channel))
      this.context
        .exchange()
        .unsubscribe(channel)
        .catch(() => undefined)
  }

  /** New nodes below are known upstream at once, so that their streams are found. */
  report(nodes: readonly NodeReport[]): void {
    const known = new Set(this.reports.map(({ node }) => node))
    const isChanged = nodes.length !== known.size || nodes.some(({ node }) => !known.has(node))
    this.reports = nodes
    if (isChanged) this.context.changed()
  }

  /** Only the node at the root knows where a channel stands when its service answers; others pass on what was said there. */
  async authorize({ request }: Questions['authorize']['args']): Promise<WireGrant | null> {
    const { isRoot } = this.context
    const before = isRoot ? await this.#positionOf(request) : undefined
    const grant = await this.context.node().access.ask(request)
    if (grant === undefined) return null
    const { data, ...rest } = grant
    if (data === undefined) return rest
    if (typeof data !== 'function') return { at: before, ...rest, data }
    const at = await this.#positionOf(request)
    return { ...rest, at, data: data() }
  }

  /** Where the channel stands, or stood as long ago as the subscriber will be behind. */
  async #positionOf({ channel, delayMs }: AccessRequest): Promise<Position> {
    const exchange = this.context.exchange()
    if (delayMs === undefined) return (await exchange.history(channel, { limit: 0 })).position
    const { clock, access } = this.context.node()
    const page = await exchange.history(channel, { limit: -1 })
    return partAt(page, clock.now() - delayMs, access.namespaceOf(channel).delivery).position
  }
}

type Answers = { readonly [Q in Question]?: (child: Child, args: Questions[Q]['args']) => unknown }
type Hearings = { readonly [S in Statement]?: (child: Child, args: Statements[S]) => void }

const answers: Answers = {
  hello: (child, hello) => child.begin(hello),
  report: (child, { nodes }) => child.report(nodes),
  publish: ({ context }, { channel, data, options }) => context.node().publish(channel, data, options),
  announce: ({ context }, { channel, delivery }) => context.exchange().announce(channel, fromWireDelivery(delivery)),
  subscribe: (child, { channel }) => child.subscribe(channel),
  open: (child, { channel, query }) => child.open(channel, query),
  history: ({ context }, { channel, query }) => context.exchange().history(channel, query).then(toWirePage),
  removeHistory: ({ context }, { channel }) => context.exchange().removeHistory(channel),
  control: ({ context }, message) => context.exchange().control(message),
  presence: async ({ context }, { channel }) => [
    ...(await context.node().presence.list(channel, context.node().limits.presenceBytesMax)).values(),
  ],
  presenceStats: ({ context }, { channel }) => context.node().presence.stats(channel),
  authorize: (child, args) => child.authorize(args),
  call: ({ context }, { method, data, user, client }) =>
    context.node().call(method, data ?? undefined, { user, ...(client === '' ? {} : { client }) }),
  onConnect: ({ context }, { client, data }) => context.node().connectHandlers.handle(client, data ?? undefined),
  revocations: ({ context }, { after }) => context.revocations(after),
  redeem: ({ context }, { ticket }) => context.redeem(ticket),
  watch: ({ context }, change) => context.changeWatch(change),
  takeWatch: ({ context }, { session, user }) => context.takeWatch(session, user),
}

const hearings: Hearings = {
  unsubscribe: (child, { channel }) => child.unsubscribe(channel),
  track: ({ context, owner }, { entries }) => {
    const { presence } = context.node()
    for (const { channel, info, version } of entries) void presence.track(channel, info, owner, version)
  },
  untrack: ({ context, owner }, { channel, client }) => void context.node().presence.untrack(channel, client, owner),
  event: ({ context, owner }, event) => context.happened(event, owner),
  occupied: ({ context, owner }, { channels }) => {
    for (const channel of channels) context.happened({ kind: 'channel_occupied', channel }, owner)
  },
}

class ServerLinkSocket implements LinkSocket {
  constructor(readonly socket: ServerWebSocket<Upgraded>) {}

  send(text: string): void {
    this.socket.sendText(text)
  }

  bufferedBytes(): number {
    return this.socket.getBufferedAmount()
  }

  close(code: number, reason: string): void {
    this.socket.close(code, reason)
  }

  terminate(): void {
    this.socket.terminate()
  }
}
