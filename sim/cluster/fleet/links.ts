import type { Connector, LinkListener } from '../../../src/cluster/index.ts'
import type { LinkSocket } from '../../../src/cluster/link.ts'
import type { End, Network } from '../../core/network.ts'

/** What a broken link makes of a frame on its way. */
export type Garble = (text: string) => string

/** One end of a connection between two nodes: in order and without loss, as long as there is a way between them. */
class NodeSocket implements LinkSocket {
  received: (text: string) => void = () => {}
  ended: (code: number, reason: string) => void = () => {}
  other: NodeSocket | undefined
  #isOpen = true
  #arrivesAt = 0

  constructor(
    readonly links: FleetLinks,
    readonly from: End,
    readonly to: End,
    /** Of the processes that opened the connection: later ones on the same machines know nothing of it. */
    readonly clocks: { readonly from: End['clock']; readonly to: End['clock'] },
  ) {}

  send(text: string): void {
    if (this.#isOpen) this.#later(() => this.other?.take(this.links.garble(text)))
  }

  bufferedBytes(): number {
    return 0
  }

  close(code: number, reason: string): void {
    if (!this.#isOpen) return
    this.end(code, reason)
    this.#later(() => this.other?.end(code, reason))
  }

  terminate(): void {
    this.close(1006, '')
  }

  take(text: string): void {
    if (this.#isOpen) this.received(text)
  }

  end(code: number, reason: string): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.links.forget(this)
    this.clocks.from.enter(() => this.ended(code, reason))
  }

  /** At the other end, in order. What is under way when the nodes are parted is lost, and the connection breaks once somebody notices. */
  #later(arrive: () => void): void {
    const { network } = this.links
    const { time } = network
    this.#arrivesAt = Math.max(this.#arrivesAt, time.now() + network.wayMs())
    time.after(this.#arrivesAt - time.now(), () => {
      if (network.isParted(this.from, this.to)) this.end(1006, '')
      else this.clocks.to.enter(arrive)
    })
  }
}

/** Connections between the nodes of a fleet. */
export class FleetLinks {
  readonly #listeners = new Map<string, { readonly links: LinkListener; readonly end: End }>()
  readonly #sockets = new Set<NodeSocket>()

  constructor(
    readonly network: Network,
    readonly garble: Garble,
  ) {}

  listen(address: string, end: End, links: LinkListener): void {
    this.#listeners.set(address, { links, end })
  }

  connectFrom(from: End): Connector {
    return (address, secret, events) => {
      const { time } = this.network
      const to = this.#listeners.get(address)
      const clocks = { from: from.clock, to: to?.end.clock ?? from.clock }
      const near = new NodeSocket(this, from, to?.end ?? from, clocks)
      near.received = text => events.received(text)
      near.ended = (code, reason) => events.ended(code, reason)
      this.#sockets.add(near)
      time.after(this.network.wayMs(), () => {
        if (to === undefined || clocks.to.isDead || this.network.isParted(from, to.end)) near.end(1006, '')
        else clocks.to.enter(() => this.#accept(near, to, secret, events.opened))
      })
      return near
    }
  }

  /** A machine is gone: its connections break. */
  unplug(end: End): void {
    for (const socket of [...this.#sockets]) if (socket.from.name === end.name) socket.terminate()
  }

  forget(socket: NodeSocket): void {
    this.#sockets.delete(socket)
  }

  #accept(near: NodeSocket, { links, end }: { links: LinkListener; end: End }, secret: string, opened: () => void): void {
    const far = new NodeSocket(this, end, near.from, { from: near.clocks.to, to: near.clocks.from })
    near.other = far
    far.other = near
    this.#sockets.add(far)
    near.clocks.from.enter(opened)
    const refusal = links.refusal(secret)
    if (refusal !== undefined) {
      far.close(refusal.code, refusal.reason)
      return
    }
    const taken = links.accept(far)
    far.received = text => taken.received(text)
    far.ended = () => taken.gone()
  }
}
