import { type AccessRequest, type BrokerMessage, type BrokerSink, type HistoryQuery, partAt } from '../hub/index.ts'
import { CommandError, errors, type Position } from '../protocol/index.ts'
import type { Children, ChildrenContext } from './children.ts'
import { Handlers } from './handlers.ts'
import { Link, type LinkPeer, type LinkSocket } from './link.ts'
import type { LinkEnd } from './link-listener.ts'
import { type Hello, type HelloReply, linkCloses, linkVersion, protocol, refusals } from './protocol.ts'
import type { NodeReport } from './report.ts'
import { fromWireMessage, toWirePage, type WireGrant, type WirePage } from './wire.ts'

/** One node below: hears what it subscribed to, and asks through its link. */
export class Child implements LinkEnd, BrokerSink, LinkPeer {
  id = ''
  /** Under which name its clients are kept in presence. */
  owner = ''
  readonly link: Link
  reports: readonly NodeReport[] = []
  readonly #channels = new Set<string>()
  /** It is of the same standing, and only asks. */
  #isPeer = false
  #isGone = false

  constructor(
    readonly siblings: Children,
    socket: LinkSocket,
  ) {
    this.link = new Link(this.context.clock, socket, this)
  }

  get context(): ChildrenContext {
    return this.siblings.context
  }

  /** The channels that it follows. */
  get channels(): ReadonlySet<string> {
    return this.#channels
  }

  received(text: string): void {
    try {
      this.link.received(text)
    } catch (error) {
      this.context.log.error({ err: error, node: this.id }, 'a node below sent what cannot be read')
      this.link.close(linkCloses.unreadable.code, linkCloses.unreadable.reason)
    }
  }

  gone(): void {
    if (this.#isGone) return
    this.#isGone = true
    this.link.closed()
    if (this.id === '') return
    this.siblings.ended(this, this.id, this.owner)
    for (const channel of this.#channels)
      this.context
        .exchange()
        .unsubscribe(channel)
        .catch(() => undefined)
    this.#channels.clear()
  }

  deliver(channel: string, message: BrokerMessage): void {
    if (!this.#channels.has(channel)) return
    if (message.kind === 'publication') this.siblings.relayed++
    this.link.notifyEncoded(this.siblings.lineOf(channel, message))
  }

  control(): void {
    const { newest } = this.context.controls
    if (newest !== undefined) this.link.notify(protocol.controlled, newest)
  }

  mayHaveMissed(channel: string): void {
    if (this.#channels.has(channel)) this.link.notify(protocol.mayHaveMissed, { channel })
  }

  removed(channel: string): void {
    if (this.#channels.has(channel)) this.link.notify(protocol.removed, { channel })
  }

  request(name: string, input: unknown): unknown {
    const { peers } = this.context
    if (peers !== undefined && this.id === '') {
      if (name === protocol.peer.name) this.#isPeer = true
      if (this.#isPeer) return peers.answer(name, input)
    }
    if (this.id === '' && name !== protocol.hello.name) throw new CommandError(errors.badRequest, 'a node says hello first')
    return handlers.request(this, name, input)
  }

  notified(name: string, input: unknown): void {
    if (this.id !== '') handlers.notified(this, name, input)
  }

  failed(name: string, error: unknown): void {
    this.context.log.error({ err: error, node: this.id, request: name }, 'a request of a node below failed unexpectedly')
  }

  backedUp(bytes: number): void {
    this.context.log.warn({ node: this.id, bytes }, 'a node below reads too slowly; its link was closed')
    this.gone()
  }

  begin({ node, version, heard }: Hello): HelloReply {
    if (this.id !== '') throw new CommandError(errors.badRequest, 'hello was said already')
    if (version !== linkVersion) throw this.#otherVersion(node, version)
    const { controls } = this.context
    const welcome = this.context.welcome()
    this.id = node
    this.owner = this.siblings.began(this, node)
    return { welcome, missed: controls.missedBy(heard), ...(controls.heard === undefined ? {} : { heard: controls.heard }) }
  }

  #otherVersion(node: string, version: number): CommandError {
    const { code, reason } = refusals.otherVersion
    this.context.log.warn({ node, version, own: linkVersion }, 'a node was refused: it runs another release; run the same on both')
    return new CommandError({ code, message: `${reason} (node link ${linkVersion} there, ${version} here)` })
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
  async authorize(request: AccessRequest): Promise<WireGrant | null> {
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

  /** The position of the channel now, or as long ago as the subscriber will be behind. */
  async #positionOf({ channel, delayMs }: AccessRequest): Promise<Position> {
    const exchange = this.context.exchange()
    if (delayMs === undefined) return (await exchange.history(channel, { limit: 0 })).position
    const { clock, access } = this.context.node()
    const page = await exchange.history(channel, { limit: -1 })
    return partAt(page, clock.now() - delayMs, access.namespaceOf(channel).delivery).position
  }
}

const handlers = new Handlers<Child>()
  .handle(protocol.hello, (child, hello) => child.begin(hello))
  .handle(protocol.report, (child, { nodes }) => child.report(nodes))
  .handle(protocol.publish, ({ context }, { channel, data, options }) => context.node().publish(channel, data, options))
  .handle(protocol.announce, ({ context }, { channel, message }) => context.exchange().announce(channel, fromWireMessage(message)))
  .handle(protocol.subscribe, (child, { channel }) => child.subscribe(channel))
  .handle(protocol.open, (child, { channel, query }) => child.open(channel, query))
  .handle(protocol.history, ({ context }, { channel, query }) => context.exchange().history(channel, query).then(toWirePage))
  .handle(protocol.removeHistory, ({ context }, { channel }) => context.exchange().removeHistory(channel))
  .handle(protocol.control, ({ context }, message) => context.exchange().control(message))
  .handle(protocol.presence, async ({ context }, { channel }) => [
    ...(await context.node().presence.list(channel, context.node().limits.presenceBytesMax)).values(),
  ])
  .handle(protocol.presenceStats, ({ context }, { channel }) => context.node().presence.stats(channel))
  .handle(protocol.authorize, (child, { request }) => child.authorize(request))
  .handle(protocol.call, ({ context }, { method, data, user, client }) =>
    context.node().call(method, data ?? undefined, { user, ...(client === '' ? {} : { client }) }),
  )
  .handle(protocol.onConnect, ({ context }, { client, data }) => context.node().connectHandlers.handle(client, data ?? undefined))
  .handle(protocol.revocations, ({ context }, { after }) => context.revocations(after))
  .handle(protocol.redeem, ({ context }, { ticket }) => context.redeem(ticket))
  .handle(protocol.watch, ({ context }, change) => context.changeWatch(change))
  .handle(protocol.takeWatch, ({ context }, { session, user }) => context.takeWatch(session, user))
  .handle(protocol.unsubscribe, (child, { channel }) => child.unsubscribe(channel))
  .handle(protocol.track, ({ context, owner }, { entries }) => {
    const { presence } = context.node()
    for (const { channel, info, version } of entries) void presence.track(channel, info, owner, version)
  })
  .handle(protocol.untrack, ({ context, owner }, { channel, client }) => void context.node().presence.untrack(channel, client, owner))
  .handle(protocol.event, ({ context, owner }, event) => context.happened(event, owner))
  .handle(protocol.occupied, ({ context, owner }, { channels }) => {
    for (const channel of channels) context.happened({ kind: 'channel_occupied', channel }, owner)
  })
