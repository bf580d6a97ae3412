import type { Publication } from '../../protocol/index.ts'
import type { Socket, SocketGroup } from '../contracts/socket.ts'
import type { Frame } from './frame.ts'
import type { OutboxContext } from './outbox.ts'
import type { TagFilter } from './tag-filter.ts'
import type { Flushable } from './tick.ts'
import type { Wire } from './wire.ts'

/** Whose publications a broadcast carries. */
export interface Broadcaster {
  /** The cursor of an event stream that follows this channel alone. */
  readonly cursor: string
  /** Has every listener on a wire whose connection holds something be served by itself. */
  partLaggards(wire: Wire): void
}

/**
 * One write for all who follow a channel alone, on one wire and with one filter, and have nothing else waiting: what a tick brings is packed once and handed to
 * their connections as a group, without a look at anybody's outbox. Whoever is to get anything else, or does not keep up, takes along
 * what was not sent yet, and is served by its own outbox until that has nothing left.
 */
export class Broadcast implements Flushable {
  /** Publications sent to each listener since the beginning. */
  sent = 0
  #listeners = 0
  #pending: Frame[] = []

  constructor(
    readonly channel: Broadcaster,
    readonly wire: Wire,
    readonly context: OutboxContext,
    readonly sockets: SocketGroup,
    /** What all of its listeners ask for; everything where absent. */
    readonly filter: TagFilter | undefined,
  ) {}

  /** Takes a connection in, unless something is pending that it must not get. */
  admit(socket: Socket): boolean {
    if (this.#pending.length > 0 || !this.sockets.add(socket)) return false
    this.#listeners++
    return true
  }

  /** Lets a connection go, which is owed what is returned. */
  dismiss(socket: Socket): readonly Frame[] {
    this.sockets.remove(socket)
    this.#listeners--
    return this.#pending
  }

  enqueue(frame: Frame, publication: Publication): void {
    if (this.filter !== undefined && !this.filter.passes(publication)) return
    if (this.#listeners > 0 && this.#pending.push(frame) === 1) this.context.tick.add(this)
  }

  flush(): void {
    if (this.sockets.mayLag) this.channel.partLaggards(this.wire)
    const frames = this.#pending
    this.#pending = []
    if (this.#listeners === 0) return
    const isPositional = this.wire.hasCursor && frames.some(({ positional }) => positional)
    const bytes = this.wire.pack(frames, isPositional ? this.channel.cursor : undefined)
    const publications = frames.reduce((sum, frame) => sum + frame.publications, 0)
    const { counters } = this.context
    this.sent += publications
    counters.delivered += publications * this.#listeners
    counters.writes += this.#listeners
    counters.bytesOut += bytes.length * this.#listeners
    this.sockets.write(bytes)
  }
}
