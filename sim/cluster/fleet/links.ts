import { Link, type LinkPeer, type LinkSocket } from '../../../src/cluster/link.ts'
import type { Request } from '../../../src/cluster/row.ts'
import { type Random, within } from '../../../src/kit/index.ts'
import { CommandError, errors } from '../../../src/protocol/index.ts'
import type { MachineClock } from '../../core/clock.ts'
import type { End, Network } from '../../core/network.ts'

/** What a broken link makes of a frame on its way. */
export type Garble = (text: string) => string
const asItIs: Garble = text => text

/** A node that others link to. */
export interface LinkedNode {
  readonly machine: End
  readonly clock: MachineClock
  readonly peer: LinkPeer
  readonly links: Set<{ cut(): void }>
}

/** One end of a connection between two nodes: in order and without loss, as long as there is a way between them. */
class NodeSocket implements LinkSocket {
  other: NodeSocket | undefined
  received: (text: string) => void = () => {}
  ended: () => void = () => {}
  isOpen = true
  #arrivesAt = 0

  constructor(
    readonly network: Network,
    readonly from: End,
    readonly to: LinkedNode,
    readonly garble: Garble,
  ) {}

  send(text: string): void {
    if (!this.isOpen) return
    const { network, from, to } = this
    const { time } = network
    this.#arrivesAt = Math.max(this.#arrivesAt, time.now() + network.wayMs())
    time.after(this.#arrivesAt - time.now(), () => {
      // What is under way when the nodes are parted is lost, and the connection with it.
      if (network.isParted(from, to.machine)) this.isOpen = false
      else if (this.isOpen && this.other?.isOpen) to.clock.enter(() => this.other?.received(this.garble(text)))
    })
  }

  bufferedBytes(): number {
    return 0
  }

  close(): void {
    this.terminate()
  }

  terminate(): void {
    if (!this.isOpen) return
    this.isOpen = false
    this.ended()
    const { time } = this.network
    time.after(this.network.wayMs(), () => {
      if (!this.network.isParted(this.from, this.to.machine)) this.other?.terminate()
    })
  }
}

/** How long another node may take to answer; beyond, the link is given up and made anew. */
const answerMs = 3000

/** A node's links to the others, made when there is something to ask. */
export class NodeLinks {
  readonly #links = new Map<string, Link>()

  constructor(
    readonly self: LinkedNode,
    readonly network: Network,
    readonly random: Random,
    /** The process that answers at an address; undefined where there is none. */
    readonly find: (address: string) => LinkedNode | undefined,
    readonly garble: Garble = asItIs,
  ) {}

  /** @throws CommandError 100, temporary, where the other does not answer */
  async request<In, Out>(address: string, row: Request<In, Out>, input: In): Promise<Out> {
    const link = this.#linkTo(address)
    try {
      return await within(this.self.clock, answerMs, link.request(row, input), unanswered)
    } catch (error) {
      if (error instanceof CommandError && error.code === errors.internal.code) link.terminate()
      throw error
    }
  }

  #linkTo(address: string): Link {
    const known = this.#links.get(address)
    if (known !== undefined && !known.isClosed) return known
    const other = this.find(address)
    if (other === undefined || this.network.isParted(this.self.machine, other.machine)) throw unanswered()
    const near = new NodeSocket(this.network, this.self.machine, other, asItIs)
    const far = new NodeSocket(this.network, other.machine, this.self, this.garble)
    near.other = far
    far.other = near
    const link = joined(near, this.self)
    joined(far, other)
    this.#links.set(address, link)
    return link
  }
}

function joined(socket: NodeSocket, { clock, peer, links }: LinkedNode): Link {
  const link = new Link(clock, socket, peer)
  const connection = { cut: () => socket.terminate() }
  links.add(connection)
  socket.received = text => link.received(text)
  socket.ended = () => {
    links.delete(connection)
    link.closed()
  }
  return link
}

function unanswered(): CommandError {
  return new CommandError(errors.internal, 'the other node does not answer')
}
