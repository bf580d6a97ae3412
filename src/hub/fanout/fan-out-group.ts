import type { Publication } from '../../protocol/index.ts'
import type { Socket, SocketGroup } from '../contracts/socket.ts'
import type { Frame } from './frame.ts'
import type { OutboxContext } from './outbox-context.ts'
import type { TagFilter } from './tag-filter.ts'
import type { Flushable } from './tick.ts'
import type { Wire } from './wire.ts'

/** The channel whose publications a group carries. */
export interface FanOutGroupOwner {
  /** The cursor of an event stream that follows this channel alone. */
  readonly cursor: string
  /** Takes every member out of its group whose connection still holds unsent bytes, on one wire. */
  evictSlow(wire: Wire): void
}

/**
 * One write for many sessions: those that follow this channel and nothing else, on one wire and with one filter, and whose outboxes are
 * empty. The frames of a tick are packed once and handed to their sockets as a group, without a look at any outbox. A session that needs
 * anything else, or does not keep up, leaves the group, takes its unsent frames along, and is served by its own outbox until that is empty.
 */
export class FanOutGroup implements Flushable {
  /** Publications sent to each member since the beginning. */
  sent = 0
  #members = 0
  #pending: Frame[] = []

  constructor(
    readonly channel: FanOutGroupOwner,
    readonly wire: Wire,
    readonly context: OutboxContext,
    readonly sockets: SocketGroup,
    /** The tag filter of all members; none if absent. */
    readonly filter: TagFilter | undefined,
  ) {}

  /** Adds a connection, unless the group still holds frames that it must not get. */
  join(socket: Socket): boolean {
    if (this.#pending.length > 0 || !this.sockets.add(socket)) return false
    this.#members++
    return true
  }

  /** Removes a connection. @returns the frames that it has not been sent yet */
  leave(socket: Socket): readonly Frame[] {
    this.sockets.remove(socket)
    this.#members--
    return this.#pending
  }

  enqueue(frame: Frame, publication: Publication): void {
    if (this.filter !== undefined && !this.filter.passes(publication)) return
    if (this.#members > 0 && this.#pending.push(frame) === 1) this.context.tick.add(this)
  }

  flush(): void {
    if (this.sockets.mayLag) this.channel.evictSlow(this.wire)
    const frames = this.#pending
    this.#pending = []
    if (this.#members === 0) return
    const isPositional = this.wire.hasCursor && frames.some(({ positional }) => positional)
    const bytes = this.wire.pack(frames, isPositional ? this.channel.cursor : undefined)
    const publications = frames.reduce((sum, frame) => sum + frame.publications, 0)
    const { counters } = this.context
    this.sent += publications
    counters.delivered += publications * this.#members
    counters.writes += this.#members
    counters.bytesOut += bytes.length * this.#members
    this.sockets.write(bytes)
  }
}
