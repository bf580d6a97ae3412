import type { CommandContext, LimitReport } from '../hub/index.ts'
import { type Json, within } from '../kit/index.ts'
import { CommandError, errors } from '../protocol/index.ts'
import type { Below } from './below.ts'
import type { FleetPresence } from './fleet-presence.ts'
import { Handlers } from './handlers.ts'
import { BrokenLink } from './link.ts'
import { Peer, type PeerOptions } from './peer.ts'
import type { ClusterMember } from './placement/index.ts'
import { linkVersion, protocol, refusals } from './protocol.ts'
import type { NodeReport } from './report.ts'
import type { Request } from './row.ts'
import { anyOf } from './survey.ts'
import type { Route } from './topology-host.ts'

export interface PeersContext {
  /** Runs what concerns a key that this node owns. @throws CommandError 421 where it does not */
  call(key: string, method: string, data: Json | undefined, context: CommandContext): Promise<Json | undefined>
  below(): Below
  /** @throws CommandError 503 while the node is starting */
  presence(): FleetPresence
  /** Whether this node hears what is new. */
  hears(): boolean
  /** What another node reports of the limits of users. */
  limits(node: string, report: LimitReport): void
}

/** How long all other nodes may take to answer what is asked of all. */
const surveyMs = 5000
/** How often one of them is asked whose link breaks. Each time but the first a link is waited for. */
const triesMax = 3

/** The other nodes of a fleet: what is asked of them, and what they ask here. */
export class Peers {
  readonly #peers = new Map<string, Peer>()
  readonly #handlers = new Handlers<PeersContext>()
    .handle(protocol.peer, (_context, { node, version }) => this.#accept(node, version))
    .handle(protocol.alive, ({ below }) => ({ nodes: below().reports() }))
    .handle(protocol.owned, ({ call }, { key, method, data, user, client }) =>
      call(key, method, data ?? undefined, { user, ...(client === '' ? {} : { client }) }),
    )
    .handle(protocol.watch, ({ below }, change) => below().streams.change(below().route(change.session), change))
    .handle(protocol.takeWatch, ({ below }, { session, user }) => below().streams.take(below().route(session), session, user))
    .handle(protocol.channels, ({ below }, { pattern }) => below().channels(pattern))
    .handle(protocol.push, ({ below }, pushed) => below().push(pushed))
    .handle(protocol.redeem, ({ below }, { ticket }) => below().host.redeem(ticket) ?? null)
    .handle(protocol.tellPresence, ({ presence }, telling) => presence().told(telling))
    .handle(protocol.presenceOf, ({ presence }, { channel }) => presence().listFor(channel))
    .handle(protocol.presenceStatsOf, ({ presence }, { channel }) => presence().statsFor(channel))
    .handle(protocol.announced, ({ presence }, { from }) => presence().announcedFrom(from))
    .handle(protocol.hears, ({ hears }) => hears())
    .handle(protocol.limits, ({ limits }, { node, report }) => limits(node, report))
  #isClosed = false

  constructor(
    readonly options: PeerOptions,
    readonly context: PeersContext,
  ) {}

  /** Links to those that are members now, and to no others. @returns those that are gone */
  meet(members: readonly ClusterMember[]): readonly string[] {
    if (this.#isClosed) return []
    const others = new Map(members.flatMap(member => (member.node === this.options.id ? [] : [[member.node, member]])))
    const gone = [...this.#peers].filter(([node]) => !others.has(node))
    for (const [node, peer] of gone) {
      peer.close()
      this.#peers.delete(node)
    }
    for (const [node, member] of others) if (!this.#peers.has(node)) this.#peers.set(node, new Peer(member, this.options))
    return gone.map(([node]) => node)
  }

  /** @throws BrokenLink for a node that is not there any more */
  request<In, Out>(node: string, row: Request<In, Out>, input: In): Promise<Out> {
    return this.#peers.get(node)?.request(row, input) ?? Promise.reject(new BrokenLink())
  }

  /** Other nodes that are members. */
  get size(): number {
    return this.#peers.size
  }

  /** Says it to all that there is a link to. What is lost with a link is not said again. */
  tell<In>(row: Request<In, null>, input: In): void {
    for (const peer of this.#peers.values()) if (peer.isUp) peer.request(row, input).catch(() => undefined)
  }

  /**
   * Asks all of them the same, which must only read. One that ends meanwhile is left out. @throws CommandError as one of them does, or 100 where
   * one is late
   */
  async survey<In, Out>(row: Request<In, Out>, input: In): Promise<readonly Out[]> {
    const { clock } = this.options
    const late = () => new CommandError(errors.internal, `a node does not answer ${row.name}`)
    const asked = [...this.#peers.keys()].map(node => within(clock, surveyMs, this.#askMember(node, row, input), late))
    return (await Promise.all(asked)).flatMap(answer => (answer === undefined ? [] : [answer]))
  }

  /** Whether it is so at any of them. */
  any<In>(row: Request<In, boolean>, input: In): Promise<boolean> {
    return anyOf(this.#peers.values(), row, input, { clock: this.options.clock, deadlineMs: surveyMs })
  }

  /** To the node itself, or to the one above it. */
  routeTo(node: string): Route {
    const peer = this.#peers.get(node) ?? [...this.#peers.values()].find(({ reports }) => reports.some(report => report.node === node))
    return peer === undefined ? { kind: 'nowhere' } : { kind: 'there', node: peer }
  }

  isLinkedTo(node: string): boolean {
    return this.#peers.get(node)?.isUp === true
  }

  reports(): NodeReport[] {
    return [...this.#peers.values()].flatMap(({ reports }) => reports)
  }

  /** The requests of other nodes that this node answers. */
  answer(name: string, input: unknown): unknown {
    return this.#handlers.request(this.context, name, input)
  }

  close(): void {
    this.#isClosed = true
    for (const peer of this.#peers.values()) peer.close()
    this.#peers.clear()
  }

  /** Asks for as long as it is a member; undefined where it is none any more. */
  async #askMember<In, Out>(node: string, row: Request<In, Out>, input: In): Promise<Out | undefined> {
    for (let tries = 1; ; tries++) {
      const peer = this.#peers.get(node)
      if (peer === undefined) return undefined
      try {
        return await peer.request(row, input)
      } catch (error) {
        if (!(error instanceof BrokenLink) || tries === triesMax) throw error
      }
    }
  }

  #accept(node: string, version: number): { node: string } {
    if (version === linkVersion) return { node: this.options.id }
    const { code, reason } = refusals.otherVersion
    this.options.log.warn({ node, version, own: linkVersion }, 'a node of another release is no peer; run the same on both')
    throw new CommandError({ code, message: reason })
  }
}
