import type { SimClock } from '../../../sim/core/clock.ts'
import type { Connector, ConnectorEvents } from '../../../src/cluster/connector.ts'
import { Link, type LinkPeer, type LinkSocket } from '../../../src/cluster/link.ts'

/** One end of a connection in memory. What is sent arrives when the tick ends, unless the pipe is blocked; then it waits. */
export class PipeSocket implements LinkSocket {
  other: PipeSocket | undefined
  received: (text: string) => void = () => undefined
  ended: (code: number, reason: string) => void = () => undefined
  /** Frames that were sent, in order. */
  readonly sent: string[] = []
  isOpen = true
  isBlocked = false
  #waiting: string[] = []

  constructor(readonly clock: SimClock) {}

  static pair(clock: SimClock): [PipeSocket, PipeSocket] {
    const one = new PipeSocket(clock)
    const two = new PipeSocket(clock)
    one.other = two
    two.other = one
    return [one, two]
  }

  send(text: string): void {
    this.sent.push(text)
    this.#waiting.push(text)
    if (!this.isBlocked) this.clock.soon(() => this.unblock())
  }

  unblock(): void {
    this.isBlocked = false
    for (const text of this.#waiting.splice(0)) if (this.isOpen) this.other?.received(text)
  }

  bufferedBytes(): number {
    return this.#waiting.reduce((sum, text) => sum + text.length, 0)
  }

  close(code: number, reason: string): void {
    this.clock.soon(() => this.#end(code, reason))
  }

  terminate(): void {
    this.#end(1006, '')
  }

  #end(code: number, reason: string): void {
    if (!this.isOpen) return
    this.isOpen = false
    this.ended(code, reason)
    this.other?.terminateBy(code, reason)
  }

  terminateBy(code: number, reason: string): void {
    if (!this.isOpen) return
    this.isOpen = false
    this.ended(code, reason)
  }
}

/** A peer that notes what it is told and answers as it was told to. */
export class NotingPeer implements LinkPeer {
  readonly heard: [name: string, input: unknown][] = []
  readonly asked: [name: string, input: unknown][] = []
  readonly failures: unknown[] = []
  backlog = 0
  answers: (name: string, input: unknown) => unknown = () => null

  request(name: string, input: unknown): unknown {
    this.asked.push([name, input])
    return this.answers(name, input)
  }

  notified(name: string, input: unknown): void {
    this.heard.push([name, input])
  }

  failed(_name: string, error: unknown): void {
    this.failures.push(error)
  }

  backedUp(bytes: number): void {
    this.backlog = bytes
  }

  of(request: string): unknown[] {
    return this.asked.filter(([name]) => name === request).map(([, input]) => input)
  }
}

/** Parents in memory, by their addresses: each is there, away, deaf, or turns nodes away. */
export class FakeParents {
  /** Every attempt, with the simulated time since the start. */
  readonly attempts: [upstream: string, atMs: number][] = []
  readonly links: { upstream: string; link: Link; socket: PipeSocket; peer: NotingPeer }[] = []
  readonly #start: number
  readonly state = new Map<string, 'there' | 'away' | 'deaf' | { code: number; reason: string }>()

  constructor(
    readonly clock: SimClock,
    readonly answers: (upstream: string, name: string, input: unknown) => unknown,
  ) {
    this.#start = clock.now()
  }

  readonly connect: Connector = (upstream, _secret, events) => {
    this.attempts.push([upstream, this.clock.now() - this.#start])
    const [lower, upper] = PipeSocket.pair(this.clock)
    lower.received = text => events.received(text)
    lower.ended = (code, reason) => events.ended(code, reason)
    this.clock.after(1, () => this.#begin(upstream, upper, events))
    return lower
  }

  /** Cuts all links to a parent. */
  cut(upstream: string): void {
    for (const { upstream: at, socket } of this.links) if (at === upstream) socket.terminate()
  }

  #begin(upstream: string, upper: PipeSocket, events: ConnectorEvents): void {
    const state = this.state.get(upstream) ?? 'there'
    if (state === 'away') {
      upper.terminate()
      return
    }
    const peer = new NotingPeer()
    peer.answers = (name, input) => this.answers(upstream, name, input)
    const link = new Link(this.clock, upper, peer)
    upper.received = text => {
      if (this.state.get(upstream) !== 'deaf') link.received(text)
    }
    upper.ended = () => link.closed()
    this.links.push({ upstream, link, socket: upper, peer })
    events.opened()
    if (typeof state === 'object') upper.close(state.code, state.reason)
  }
}
