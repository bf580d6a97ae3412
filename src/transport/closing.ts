import type { ServerWebSocket } from 'bun'
import type { Holder, Node } from '../hub/index.ts'
import type { Timer } from '../kit/index.ts'
import type { Upgraded } from './upgraded.ts'

/** How often a closing connection is looked at, for a peer that takes nothing. */
const looksPerStall = 4

/**
 * A WebSocket whose session has ended while bytes still wait in its socket. Bun cuts a closed connection within four seconds, whether its
 * peer reads or not, and drops what was not sent: the close frame behind it too, so that a slow client never learns why it was closed. So the
 * frame is sent once the rest has left. Meanwhile these bytes count among those that wait for clients, and a peer that takes none is cut.
 */
export class Closing implements Holder {
  #held: number
  #stalledLooks = 0
  #timer: Timer | undefined

  constructor(
    readonly node: Node,
    readonly user: string,
    readonly address: string,
    readonly socket: ServerWebSocket<Upgraded>,
    /** Says why. The room has taken it as one that lingers. */
    readonly say: () => void,
  ) {
    this.#held = socket.getBufferedAmount()
    node.unsent.set(this, this.#held)
    this.#look()
  }

  /** Some of it may have left the socket. */
  drained(): void {
    if (this.#timer === undefined || this.#measure() > 0) return
    this.end()
    this.say()
  }

  /** All connections together hold too much. */
  overflow(): void {
    this.socket.terminate()
  }

  /** The connection is gone, or will be in a moment. */
  end(): void {
    if (this.#timer === undefined) return
    this.#timer.cancel()
    this.#timer = undefined
    this.node.sessions.room.lingered()
    this.node.unsent.set(this, 0)
  }

  #look(): void {
    const { clock, limits } = this.node
    this.#timer = clock.after(limits.stalledMs / looksPerStall, () => {
      const before = this.#held
      this.#stalledLooks = this.#measure() < before ? 0 : this.#stalledLooks + 1
      if (this.#stalledLooks >= looksPerStall) this.socket.terminate()
      else this.#look()
    })
  }

  #measure(): number {
    this.#held = this.socket.getBufferedAmount()
    this.node.unsent.set(this, this.#held)
    return this.#held
  }
}
