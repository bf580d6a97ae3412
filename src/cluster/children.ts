import type { BrokerMessage, Exchange, LifecycleEvent, Log, Node, NumberedRevocation } from '../hub/index.ts'
import { presenceLeaseMs } from '../hub/index.ts'
import { type Clock, every, type Json, type Timer } from '../kit/index.ts'
import type { Close } from '../protocol/index.ts'
import { Child } from './child.ts'
import type { ControlLog } from './control-log.ts'
import { encodeNotice, type LinkSocket } from './link.ts'
import type { LinkListener } from './link-listener.ts'
import { linkCloses, protocol, refusals, type TakenWatch, type WatchChange, type Welcome } from './protocol.ts'
import type { NodeReport } from './report.ts'
import { toWireMessage } from './wire.ts'

/** The requests of nodes below beyond broker and presence. */
export interface ChildrenContext {
  readonly clock: Clock
  readonly log: Log
  readonly controls: ControlLog
  /** The secret that nodes show each other; none, and nothing can link here. */
  readonly secret: string | undefined
  isSecret(given: string): boolean
  /** Whether this is the central node. */
  readonly isRoot: boolean
  /** The handlers for equal nodes; undefined if there are none. */
  readonly peers: { answer(name: string, input: unknown): unknown } | undefined
  node(): Node
  exchange(): Exchange
  /** @throws CommandError while this node has no way up itself */
  welcome(): Welcome
  /** A page of the central node’s revocations. */
  revocations(after: number): Promise<readonly NumberedRevocation[]>
  redeem(ticket: string): string | undefined | Promise<string | undefined>
  /** A watchlist change for a stream that is not below this node. */
  changeWatch(change: WatchChange): Promise<Json>
  takeWatch(session: string, user: string): Promise<TakenWatch | null>
  /** A lifecycle event of a node below, with the owner that its entries belong to. */
  happened(event: LifecycleEvent, owner: string): void
  /** A link to a node below ended so long ago that what it held counts as gone. */
  left(owner: string): void
  /** Which nodes are below has changed. */
  changed(): void
  /** A node that was linked here ended its link. */
  parted(report: NodeReport): void
}

const beatMs = 1000
/** A node reports every two seconds; one that is not heard for this many beats is gone, though the connection stands. */
const silentBeatsMax = 10
/** Strangers that knock are not logged more often than this. */
const knockLogMs = 10_000

/** The nodes linked to this one from below. */
export class Children implements LinkListener {
  readonly #children = new Map<string, Child>()
  readonly #beats: Timer
  readonly #leases = new Set<Timer>()
  /** Links so far: each is an owner of its own, so that entries of an earlier link go when its lease ends, unless they were sent again. */
  #links = 0
  #knockedAt = 0
  #last: { message: BrokerMessage; channel: string; line: string } | undefined
  #isClosed = false
  /** Publications handed down. */
  relayed = 0

  constructor(readonly context: ChildrenContext) {
    this.#beats = every(context.clock, beatMs, () => this.#beat())
  }

  refusal(secret: string | undefined, address?: string): Close | undefined {
    if (this.context.secret !== undefined && secret !== undefined && this.context.isSecret(secret)) return undefined
    const refusal = this.context.secret === undefined ? refusals.noSecret : refusals.wrongSecret
    const now = this.context.clock.now()
    if (Math.abs(now - this.#knockedAt) >= knockLogMs) {
      this.#knockedAt = now
      this.context.log.warn({ address }, `a node was turned away: ${noteOf(refusal)}`)
    }
    return refusal
  }

  accept(socket: LinkSocket): Child {
    return new Child(this, socket)
  }

  /** The last reports of all nodes below. */
  reports(): NodeReport[] {
    return [...this.#children.values()].flatMap(child => child.reports)
  }

  get size(): number {
    return this.#children.size
  }

  all(): Iterable<Child> {
    return this.#children.values()
  }

  /** @returns the owner of what the child tells of over this link */
  began(child: Child, id: string): string {
    this.#children.get(id)?.link.close(linkCloses.replaced.code, linkCloses.replaced.reason)
    this.#children.set(id, child)
    this.context.exchange().attach(child)
    this.context.log.info({ node: id }, 'a node linked from below')
    return `${id}.${++this.#links}`
  }

  /** Its clients may be on their way to another node, or it may itself: what it held lasts as long as the lease. */
  ended(child: Child, id: string, owner: string): void {
    if (this.#isClosed) return
    this.context.exchange().detach(child)
    this.context.node().presence.renew(owner)
    const lease = this.context.clock.after(presenceLeaseMs, () => {
      this.#leases.delete(lease)
      this.context.left(owner)
    })
    this.#leases.add(lease)
    if (this.#children.get(id) !== child) return
    this.#children.delete(id)
    this.context.log.info({ node: id }, 'a node below ended its link')
    const [report] = child.reports
    if (report !== undefined) this.context.parted(report)
    this.context.changed()
  }

  /** The child below which a node is, by its id. */
  below(node: string): Child | undefined {
    return [...this.#children.values()].find(child => child.id === node || child.reports.some(report => report.node === node))
  }

  /** The line of a message, made once for all children. */
  lineOf(channel: string, message: BrokerMessage): string {
    if (this.#last?.message !== message || this.#last.channel !== channel) {
      this.#last = { channel, message, line: encodeNotice(protocol.deliver, { channel, message: toWireMessage(message) }) }
    }
    return this.#last.line
  }

  /** The welcome that nodes below were given has changed. */
  welcomeAgain(): void {
    if (this.#children.size === 0) return
    const welcome = this.context.welcome()
    for (const child of this.#children.values()) child.link.notify(protocol.welcome, welcome)
  }

  /** Sends the nodes below to look for another way up. */
  sendAway({ code, reason }: Close): void {
    for (const child of this.#children.values()) child.link.close(code, reason)
  }

  close(): void {
    this.#isClosed = true
    this.#beats.cancel()
    for (const lease of this.#leases) lease.cancel()
    this.sendAway(linkCloses.normal)
  }

  #beat(): void {
    for (const child of this.#children.values()) {
      if (child.link.beat() < silentBeatsMax) continue
      this.context.log.warn({ node: child.id }, 'a node below does not answer any more')
      child.link.terminate()
      child.gone()
    }
  }
}

function noteOf(refusal: Close): string {
  return refusal === refusals.noSecret
    ? 'this server has no node secret; give node.secret (FANFARE_NODE_SECRET) here and there'
    : 'it did not show the node secret of this server'
}
