import type { Log } from '../hub/index.ts'
import { backoffMs, type Clock, every, type Random, type Timer, unreachable } from '../kit/index.ts'
import { CommandError } from '../protocol/index.ts'
import type { Connector } from './connector.ts'
import { BrokenLink, Link, type LinkPeer } from './link.ts'
import { type Hello, type HelloReply, linkCloses, protocol, refusals } from './protocol.ts'
import type { LinkNotification, Request } from './row.ts'

export interface UplinkOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** This node's id. */
  readonly node: string
  /** Parents as `ws://host:port`, tried in order. */
  readonly upstreams: readonly string[]
  readonly secret: string
  readonly connect: Connector
}

/** What the relay does when its uplink connects and breaks. */
export interface UplinkEvents extends LinkPeer {
  /** This node's hello. */
  hello(): Hello
  up(reply: HelloReply): void
  /** No parent has been found for a while: what waited has failed, and whoever needs a parent must do without. */
  lost(): void
}

type UplinkState =
  | { readonly kind: 'connecting'; readonly link: Link; readonly reply: Timer }
  | { readonly kind: 'up'; readonly link: Link }
  | { readonly kind: 'waiting'; readonly timer: Timer }
  | { readonly kind: 'closed' }

interface Waiting {
  readonly resolve: (link: Link) => void
  readonly reject: (error: unknown) => void
}

/** Between rounds of trying all parents. */
const retry = { baseMs: 200, capMs: 3000 } as const
/** Between rounds in which every parent turned this node away: only someone who changes a configuration helps. */
const refusedRetryMs = 15_000
/** A herd that lost the same parent does not reach the next one in the same instant. */
const spreadMs = 100
/** How long requests wait for a link that is being made anew, and how long nobody is told that there is none. */
export const patienceMs = 5000
/** A parent that does not answer `hello` within this time is left. */
const helloMs = 5000
const beatMs = 1000
/** A parent answers a report every two seconds; one that is not heard for this many beats is gone, though the connection stands. */
const silentBeatsMax = 5
/** Requests that wait for a link. Beyond, they fail at once. */
const waitingMax = 10_000
/** The same failure is not logged again within this time. */
const repeatLogMs = 60_000

/** The one connection to a parent that carries all channels and commands of a relay. When it breaks, the next parent is tried. */
export class Uplink {
  #state: UplinkState
  readonly #beats: Timer
  #patience: Timer
  #isLost = false
  #waiting: Waiting[] = []
  #attempt = 0
  /** Attempts since the last link, and how many of them were refused. */
  #failures = 0
  #refused = 0
  readonly #logged = new Map<string, number>()

  constructor(
    readonly options: UplinkOptions,
    readonly events: UplinkEvents,
  ) {
    const { clock } = options
    this.#beats = every(clock, beatMs, () => this.#beat())
    this.#patience = clock.after(patienceMs, () => this.#lose())
    this.#state = this.#connect()
  }

  /** The parent in use, as its URL; while there is none, the one that is tried. */
  get upstream(): string {
    return this.options.upstreams[this.#attempt % this.options.upstreams.length] ?? ''
  }

  get isUp(): boolean {
    return this.#state.kind === 'up'
  }

  /** Whether there has been no parent for longer than a change of parents takes. */
  get isLost(): boolean {
    return this.#isLost
  }

  /** Asks in this turn if the link is up; else as soon as it is. @throws CommandError when that takes too long */
  request<In, Out>(row: Request<In, Out>, input: In): Promise<Out> {
    if (this.#state.kind === 'up') return this.#requestOver(this.#state.link, row, input)
    return this.#whenUp().then(link => this.#requestOver(link, row, input))
  }

  /** Says it if the link is up; what is said without an answer may be lost. */
  notify<In>(row: LinkNotification<In>, input: In): void {
    if (this.#state.kind === 'up') this.#state.link.notify(row, input)
  }

  close(): void {
    const state = this.#state
    this.#state = { kind: 'closed' }
    this.#beats.cancel()
    this.#patience.cancel()
    switch (state.kind) {
      case 'waiting':
        state.timer.cancel()
        break
      case 'connecting':
        state.reply.cancel()
        state.link.terminate()
        break
      case 'up':
        state.link.close(linkCloses.normal.code, linkCloses.normal.reason)
        break
      case 'closed':
        break
      default:
        unreachable(state)
    }
    this.#failWaiting()
  }

  /** The parent in use is no good: the next one is tried. */
  drop(reason: string): void {
    const state = this.#state
    if (state.kind !== 'up' && state.kind !== 'connecting') return
    state.link.terminate()
    this.#down(state.link, 1006, reason)
  }

  /** A parent that answers and refuses `hello` is as good as none; what it says of itself is the reason. */
  #refusedBy(error: unknown): void {
    const state = this.#state
    if (state.kind !== 'connecting') return
    const code = error instanceof CommandError && isRefusal(error.code) ? error.code : 1006
    this.#down(state.link, code, error instanceof Error ? error.message : String(error))
    state.link.terminate()
  }

  async #requestOver<In, Out>(link: Link, row: Request<In, Out>, input: In): Promise<Out> {
    try {
      return await link.request(row, input)
    } catch (error) {
      if (!(error instanceof BrokenLink) || !row.isRepeatable) throw error
      return this.request(row, input)
    }
  }

  #whenUp(): Promise<Link> {
    if (this.#isLost || this.#state.kind === 'closed' || this.#waiting.length >= waitingMax) return Promise.reject(new BrokenLink())
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  #connect(): UplinkState {
    const { clock, secret, connect } = this.options
    const socket = connect(this.upstream, secret, {
      opened: () => this.#opened(link),
      received: text => this.#received(link, text),
      ended: (code, reason) => this.#down(link, code, reason),
    })
    const link = new Link(clock, socket, this.events)
    return { kind: 'connecting', link, reply: clock.after(helloMs, () => this.drop('no answer to hello')) }
  }

  #opened(link: Link): void {
    link.request(protocol.hello, this.events.hello()).then(
      reply => this.#up(link, reply),
      (error: unknown) => {
        if (this.#state.kind === 'connecting' && this.#state.link === link) this.#refusedBy(error)
      },
    )
  }

  #received(link: Link, text: string): void {
    try {
      link.received(text)
    } catch (error) {
      this.options.log.error({ err: error, upstream: this.upstream }, 'the node upstream sent what cannot be read')
      link.terminate()
      this.#down(link, linkCloses.unreadable.code, linkCloses.unreadable.reason)
    }
  }

  #up(link: Link, reply: HelloReply): void {
    const state = this.#state
    if (state.kind !== 'connecting' || state.link !== link) return
    const { node, path } = reply.welcome
    if (path.includes(this.options.node)) {
      this.drop('it hangs below this node')
      return
    }
    state.reply.cancel()
    this.#patience.cancel()
    this.#state = { kind: 'up', link }
    this.#isLost = false
    this.#failures = 0
    this.#refused = 0
    this.#logged.clear()
    this.options.log.info({ upstream: this.upstream, parent: node }, 'linked to the node upstream')
    this.events.up(reply)
    for (const { resolve } of this.#waiting.splice(0)) resolve(link)
  }

  #down(link: Link, code: number, reason: string): void {
    const state = this.#state
    switch (state.kind) {
      case 'connecting':
      case 'up':
        if (state.link !== link) return
        link.closed()
        if (state.kind === 'connecting') state.reply.cancel()
        else this.#patience = this.options.clock.after(patienceMs, () => this.#lose())
        this.#log(state.kind === 'up', code, reason)
        this.#failures++
        if (isRefusal(code)) this.#refused++
        this.#attempt++
        this.#state = { kind: 'waiting', timer: this.options.clock.after(this.#pauseMs(), () => this.#retry()) }
        return
      case 'waiting':
      case 'closed':
        return
      default:
        unreachable(state)
    }
  }

  /** Other parents are tried at once; only after a whole round is there a pause. */
  #pauseMs(): number {
    const { random, upstreams } = this.options
    if (this.#failures % upstreams.length !== 0) return random.next() * spreadMs
    const roundRefused = this.#refused >= upstreams.length
    this.#refused = 0
    return roundRefused ? refusedRetryMs * (0.5 + random.next()) : backoffMs(this.#failures / upstreams.length, random, retry)
  }

  #retry(): void {
    if (this.#state.kind === 'waiting') this.#state = this.#connect()
  }

  #beat(): void {
    const state = this.#state
    if (state.kind === 'up' && state.link.beat() >= silentBeatsMax) this.drop('it does not answer any more')
  }

  #lose(): void {
    this.#isLost = true
    this.options.log.warn({ upstreams: this.options.upstreams }, 'no node upstream can be reached; trying again')
    this.#failWaiting()
    this.events.lost()
  }

  #failWaiting(): void {
    for (const { reject } of this.#waiting.splice(0)) reject(new BrokenLink())
  }

  /** A link that breaks is always said; an attempt that fails, once for each reason and again after a while. */
  #log(wasUp: boolean, code: number, reason: string): void {
    const { log, clock } = this.options
    const { upstream } = this
    const fields = { upstream, code, reason }
    if (wasUp) {
      log.warn(fields, 'the link upstream broke')
      return
    }
    const key = `${upstream} ${reason}`
    const at = this.#logged.get(key)
    if (at !== undefined && clock.now() - at < repeatLogMs) return
    this.#logged.set(key, clock.now())
    if (isRefusal(code)) log.error(fields, 'the node upstream refused the link; trying again, slowly')
    else log.warn(fields, 'the node upstream cannot be reached; trying again')
  }
}

function isRefusal(code: number): boolean {
  return Object.values(refusals).some(refusal => refusal.code === code)
}
