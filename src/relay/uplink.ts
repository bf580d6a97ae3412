import type { Log } from '../hub/index.ts'
import { backoffMs, type Clock, type Random, type Timer, unreachable } from '../kit/index.ts'
import { Link, type LinkPeer, type LinkSocket, unreachableNode } from './link.ts'
import type { Question, Questions, Statement, Statements, Welcome } from './messages.ts'

export interface UplinkOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** This node's id. */
  readonly node: string
  /** Parents as `ws://host:port`, tried in order. */
  readonly upstreams: readonly string[]
  readonly secret: string
}

/** What the relay does as its uplink comes and goes. */
export interface UplinkEvents extends LinkPeer {
  up(welcome: Welcome): void
}

type UplinkState =
  | { readonly kind: 'connecting'; readonly link: Link }
  | { readonly kind: 'up'; readonly link: Link }
  | { readonly kind: 'waiting'; readonly timer: Timer }
  | { readonly kind: 'closed' }

const retry = { baseMs: 100, capMs: 3000 } as const
/** How long a question waits for a link that is being made anew, before it fails. */
const patienceMs = 5000
/** A parent that does not greet within this time is not one. */
const greetingMs = 5000

/** The one connection to a parent that carries all channels and commands of a relay. When it breaks, the next parent is tried. */
export class Uplink {
  #state: UplinkState
  #waiting: { readonly go: () => void; readonly timer: Timer }[] = []
  #attempt = 0
  #failures = 0

  constructor(
    readonly options: UplinkOptions,
    readonly events: UplinkEvents,
  ) {
    this.#state = this.#connect()
  }

  /** The parent in use, as its URL. */
  get upstream(): string {
    return this.options.upstreams[this.#attempt % this.options.upstreams.length] ?? ''
  }

  async ask<Q extends Question>(question: Q, args: Questions[Q]['args']): Promise<Questions[Q]['result']> {
    return (await this.#link()).ask(question, args)
  }

  /** Says it if the link is up; what is said without an answer may be lost. */
  say<S extends Statement>(statement: S, args: Statements[S]): void {
    if (this.#state.kind === 'up') this.#state.link.say(statement, args)
  }

  close(): void {
    const state = this.#state
    this.#state = { kind: 'closed' }
    if (state.kind === 'waiting') state.timer.cancel()
    else if (state.kind !== 'closed') state.link.close()
    for (const { go, timer } of this.#waiting.splice(0)) {
      timer.cancel()
      go()
    }
  }

  /** The link, once it is up. @throws CommandError when it does not come up in time */
  #link(): Promise<Link> {
    if (this.#state.kind === 'up') return Promise.resolve(this.#state.link)
    return new Promise((resolve, reject) => {
      const go = () => (this.#state.kind === 'up' ? resolve(this.#state.link) : reject(unreachableNode()))
      const timer = this.options.clock.after(patienceMs, () => {
        this.#waiting = this.#waiting.filter(waiting => waiting.go !== go)
        go()
      })
      this.#waiting.push({ go, timer })
    })
  }

  #connect(): UplinkState {
    const { clock, secret, node } = this.options
    const socket = openSocket(`${this.upstream}/connection/node`, secret)
    const link = new Link(clock, new ClientLinkSocket(socket), this.events)
    const greeting = clock.after(greetingMs, () => socket.close())
    socket.onopen = () => {
      link.ask('hello', { node }).then(
        welcome => {
          greeting.cancel()
          this.#up(link, welcome)
        },
        () => socket.close(),
      )
    }
    socket.onmessage = ({ data }) => {
      if (typeof data === 'string') link.received(data)
    }
    socket.onclose = () => {
      greeting.cancel()
      link.closed()
      this.#down(link)
    }
    return { kind: 'connecting', link }
  }

  #up(link: Link, welcome: Welcome): void {
    if (this.#state.kind !== 'connecting' || this.#state.link !== link) return
    this.#state = { kind: 'up', link }
    this.#failures = 0
    this.options.log.info({ upstream: this.upstream, parent: welcome.node }, 'linked to the node upstream')
    this.events.up(welcome)
    for (const { go, timer } of this.#waiting.splice(0)) {
      timer.cancel()
      go()
    }
  }

  #down(link: Link): void {
    const state = this.#state
    switch (state.kind) {
      case 'connecting':
      case 'up':
        if (state.link !== link) return
        this.options.log.warn({ upstream: this.upstream }, 'the link upstream broke')
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
    this.#failures++
    if (this.#failures < this.options.upstreams.length) return 0
    return backoffMs(this.#failures - this.options.upstreams.length, this.options.random, retry)
  }

  #retry(): void {
    if (this.#state.kind === 'waiting') this.#state = this.#connect()
  }
}

/** Bun's client takes headers where the web's takes protocols, which the DOM's types do not know. */
function openSocket(url: string, secret: string): WebSocket {
  const options: unknown = { headers: { Authorization: `Bearer ${secret}` } }
  return new WebSocket(url, options as string[])
}

class ClientLinkSocket implements LinkSocket {
  constructor(readonly socket: WebSocket) {}

  send(text: string): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(text)
  }

  close(): void {
    this.socket.close()
  }
}
