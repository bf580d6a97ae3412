import type { Bytes, Socket } from '../contracts/socket.ts'
import type { ReadCursor } from '../delivery/state/state-store.ts'
import { Backlog } from './backlog.ts'
import type { FanOutGroup } from './fan-out-group.ts'
import type { Frame } from './frame.ts'
import type { OutboxContext } from './outbox-context.ts'
import type { Replay } from './replay.ts'
import type { Flushable } from './tick.ts'
import type { Wire } from './wire.ts'

/** The owner of an outbox. */
export interface OutboxOwner {
  /** The cursor over all positions, where the wire carries one. */
  cursor(): string | undefined
  /** Called once when the queue is over its bound. */
  overflow(): void
  /** How much waits for the client, as far as that is worth a word. */
  holds(bytes: number): void
}

/** A subscription that a fan-out group can serve while its session's outbox has nothing else to send. */
export interface GroupMember {
  /** The group that serves the session's socket from here on; undefined if none can now. */
  joinGroup(): FanOutGroup | undefined
  leaveGroup(): void
}

const nothing: readonly Frame[] = []

/**
 * A session's queue. Frames keep their order and are all sent; read cursors stand for "the newest of a state store" and are asked for it only when
 * the socket has room, so a slow reader skips over what it cannot follow and costs one entry per store. Ephemeral frames are dropped
 * first. Everything that a tick brings leaves in one write.
 */
export class Outbox implements Flushable {
  /** Where the session's cursor is that of one channel, the same for all who follow it alone, that channel: the owner need not be asked. */
  soleCursor: { readonly cursor: string } | undefined
  #groupMember: GroupMember | undefined
  #group: FanOutGroup | undefined
  /** Without what its group had sent before it joined. */
  #delivered = 0
  #first: Frame | undefined
  #more: Frame[] | undefined
  #readCursors: ReadCursor[] | undefined
  #queuedBytes = 0
  #scheduled = false
  #heldSince = 0
  #backlog: Backlog | undefined
  #isClosed = false

  constructor(
    readonly socket: Socket,
    readonly wire: Wire,
    readonly context: OutboxContext,
    readonly owner: OutboxOwner,
  ) {}

  /** Publications written to this session. */
  get delivered(): number {
    return this.#delivered + (this.#group?.sent ?? 0)
  }

  /** The session's only subscription, if a fan-out group can serve it. */
  set groupMember(groupMember: GroupMember | undefined) {
    this.leaveGroup()
    this.#groupMember = groupMember
  }

  enqueue(frame: Frame): void {
    if (this.#isClosed) return
    if (this.#group !== undefined) this.leaveGroup()
    if (this.#heldSince !== 0 && frame.kind === 'ephemeral') {
      this.context.counters.dropped++
      return
    }
    if (this.#first === undefined) this.#first = frame
    else if (this.#more === undefined) this.#more = [frame]
    else this.#more.push(frame)
    if (this.#heldSince !== 0 || frame.kind === 'reply') this.#count(frame)
    this.#schedule()
  }

  /** One large answer goes out, whatever its size: the next is asked for when there is room. */
  #count(frame: Frame): void {
    const { kind } = frame
    const size = frame.sizeIn(this.wire.encoding)
    const { outboxBytesMax } = this.context.limits
    this.#queuedBytes += size
    if (this.#heldSince !== 0 || this.#queuedBytes > outboxBytesMax) this.#tell(this.socket.bufferedBytes() + this.#queuedBytes)
    if (this.#heldSince === 0 || kind === 'reply') return
    this.#waiting.pushedBytes += size
    if (this.#waiting.pushedBytes > outboxBytesMax) this.owner.overflow()
  }

  /** Sends recovered publications piece by piece, whenever the socket has nearly nothing left to send. */
  replay(replay: Replay): void {
    if (this.#isClosed) return
    if (this.#group !== undefined) this.leaveGroup()
    this.#waiting.add(replay)
    this.#schedule()
  }

  /** The replays that are still to be sent. */
  get replayBytes(): number {
    return this.#backlog?.replayBytes ?? 0
  }

  /** How many bytes of recovered publications may come within the next reply. */
  get roomInReply(): number {
    return Math.max(0, this.context.limits.recoveryInReplyBytes - this.#queuedBytes - this.socket.bufferedBytes())
  }

  /** Resolves when there is room for another large answer, or the session has ended; undefined where there is room now. */
  room(replayBytesMax: number): Promise<void> | undefined {
    if (this.#isClosed || (this.hasRoom && this.replayBytes <= replayBytesMax)) return undefined
    return new Promise(resolve => {
      this.#waiting.wait({ replayBytesMax, go: resolve })
      this.#schedule()
    })
  }

  /** Whether another large answer may be made. */
  get hasRoom(): boolean {
    const { outboxHighWaterBytes } = this.context.limits
    return this.#queuedBytes <= outboxHighWaterBytes && this.socket.bufferedBytes() <= outboxHighWaterBytes
  }

  get #waiting(): Backlog {
    this.#backlog ??= new Backlog()
    return this.#backlog
  }

  /** Sends the store's news for this cursor with the next write. The cursor takes care to mark itself once until it is asked. */
  markDirty(cursor: ReadCursor): void {
    if (this.#isClosed) return
    if (this.#group !== undefined) this.leaveGroup()
    if (this.#readCursors === undefined) this.#readCursors = [cursor]
    else this.#readCursors.push(cursor)
    this.#schedule()
  }

  /** Frames are written while the socket takes them; state only when it has nearly nothing left to send, since what waits there grows old. */
  flush(): void {
    this.#scheduled = false
    const buffered = this.socket.bufferedBytes()
    if (buffered > this.context.limits.outboxHighWaterBytes) {
      if (this.#first !== undefined || this.#readCursors !== undefined || this.#backlog?.isEmpty === false) this.#hold()
      return
    }
    // Also where nothing is left to send, since all that was held may have been dropped.
    this.#heldSince = 0
    this.#queuedBytes = 0
    const { outboxLowWaterBytes, replayPieceBytes } = this.context.limits
    const isNearlyEmpty = buffered <= outboxLowWaterBytes
    if (this.#backlog?.hasReplays && isNearlyEmpty) this.#write([...this.#take(true), ...this.#backlog.take(replayPieceBytes)])
    else if (this.#more === undefined && this.#readCursors === undefined) this.#writeFirst()
    else this.#write(this.#take(isNearlyEmpty))
    if (this.#backlog !== undefined) this.#goOn(this.#backlog)
    if (this.#groupMember !== undefined && this.#group === undefined) this.#joinGroup(this.#groupMember)
  }

  /** Leaves the group: frames that the group has not sent yet go before anything else. */
  leaveGroup(): void {
    for (const frame of this.#leave()) this.enqueue(frame)
  }

  /** Bytes have left the socket. */
  drained(): void {
    if (this.#isClosed) return
    const backlog = this.#waiting
    backlog.drainedAt = this.context.now()
    backlog.heldAt = 0
    if (this.#heldSince !== 0) this.#heldSince = backlog.drainedAt
    // Also where nothing is written next: who has read everything must not count as holding it.
    if (backlog.unsentBytes > 0) this.#tell(this.socket.bufferedBytes() + this.#queuedBytes)
    this.resume()
  }

  /** Looks whether the socket has room again. */
  resume(): void {
    if (this.#scheduled || (this.#heldSince === 0 && this.#readCursors === undefined && this.#backlog?.isEmpty !== false)) return
    this.#scheduled = true
    this.context.tick.add(this)
  }

  /** Whether the session has had something to send for this long, and none of it has left. */
  isStalled(now: number): boolean {
    const { stalledMs } = this.context.limits
    if (this.#heldSince !== 0 && now - this.#heldSince > stalledMs) return true
    if (this.socket.bufferedBytes() === 0) {
      if (this.#backlog !== undefined) this.#backlog.heldAt = 0
      return false
    }
    // Bytes that wait in the socket alone are noticed here only.
    const backlog = this.#waiting
    if (backlog.heldAt === 0) backlog.heldAt = now
    return now - backlog.heldAt > stalledMs
  }

  /** Whether bytes wait in the socket or have left it since then, so that what was last written to it may not have arrived. */
  isDraining(since: number): boolean {
    return this.socket.bufferedBytes() > 0 || (this.#backlog?.drainedAt ?? 0) >= since
  }

  get queuedBytes(): number {
    return this.#queuedBytes
  }

  /** Nothing more is sent: an answer that comes after the end has nobody to go to. */
  close(): void {
    this.#leave()
    this.#groupMember = undefined
    this.#isClosed = true
    this.#first = undefined
    this.#more = undefined
    this.#readCursors = undefined
    this.#queuedBytes = 0
    this.#heldSince = 0
    this.#backlog?.end()
    this.#tell(0)
  }

  /** After a write: what waits for room goes on, in this turn or when the socket says so. */
  #goOn(backlog: Backlog): void {
    const buffered = this.socket.bufferedBytes()
    this.#tell(buffered)
    if (backlog.isEmpty) return
    if (this.hasRoom) backlog.letGo()
    if (!backlog.isEmpty && buffered <= this.context.limits.outboxLowWaterBytes) this.#schedule()
  }

  /** Little is not worth a word: it is what connections hold all the time. */
  #tell(bytes: number): void {
    const { outboxLowWaterBytes } = this.context.limits
    const worth = bytes > outboxLowWaterBytes ? bytes : 0
    const told = this.#backlog?.unsentBytes ?? 0
    if (worth === told || (worth > 0 && Math.abs(worth - told) < outboxLowWaterBytes)) return
    this.#waiting.unsentBytes = worth
    this.owner.holds(worth)
  }

  #joinGroup(groupMember: GroupMember): void {
    if (this.#readCursors !== undefined || this.#backlog?.isEmpty === false || this.socket.bufferedBytes() > 0) return
    this.#group = groupMember.joinGroup()
    this.#delivered -= this.#group?.sent ?? 0
  }

  #leave(): readonly Frame[] {
    const group = this.#group
    if (group === undefined) return nothing
    this.#delivered += group.sent
    this.#group = undefined
    this.#groupMember?.leaveGroup()
    return group.leave(this.socket)
  }

  /** While the socket is full nothing is tried: `drained` says when. */
  #schedule(): void {
    if (this.#scheduled || this.#heldSince !== 0) return
    this.#scheduled = true
    this.context.tick.add(this)
  }

  #take(withState: boolean): readonly Frame[] {
    const frames =
      this.#more === undefined
        ? this.#first === undefined
          ? nothing
          : [this.#first]
        : [this.#first, ...this.#more].filter(frame => frame !== undefined)
    this.#first = undefined
    this.#more = undefined
    const readCursors = this.#readCursors
    if (readCursors === undefined || !withState) return frames
    this.#readCursors = undefined
    const news = readCursors.map(cursor => cursor.drain()).filter(frame => frame !== undefined)
    return frames.length === 0 ? news : [...frames, ...news]
  }

  /** By far the most frequent write: one frame, the same for everyone. */
  #writeFirst(): void {
    const frame = this.#first
    if (frame === undefined) return
    this.#first = undefined
    this.#send(this.wire.packOne(frame, frame.positional ? this.#cursor() : undefined), frame.publications)
  }

  #cursor(): string | undefined {
    if (!this.wire.hasCursor) return undefined
    return this.soleCursor === undefined ? this.owner.cursor() : this.soleCursor.cursor
  }

  #write(frames: readonly Frame[]): void {
    if (frames.length === 0) return
    let positional = false
    let publications = 0
    for (const frame of frames) {
      publications += frame.publications
      positional ||= frame.positional
    }
    this.#send(this.wire.pack(frames, positional ? this.#cursor() : undefined), publications)
  }

  #send(bytes: Bytes, publications: number): void {
    const { counters } = this.context
    this.#delivered += publications
    counters.delivered += publications
    counters.writes++
    counters.bytesOut += bytes.length
    this.socket.write(bytes)
    if (bytes.length > this.context.limits.outboxHighWaterBytes) this.#tell(this.socket.bufferedBytes())
  }

  /** Keeps what must not be lost, drops what may be, and bounds the rest. */
  #hold(): void {
    if (this.#heldSince === 0) this.#heldSince = this.context.now()
    const all = [this.#first, ...(this.#more ?? [])].filter(frame => frame !== undefined)
    const kept = all.filter(frame => frame.kind !== 'ephemeral')
    this.context.counters.dropped += all.length - kept.length
    this.#first = kept[0]
    this.#more = kept.length > 1 ? kept.slice(1) : undefined
    this.#queuedBytes = kept.reduce((sum, frame) => sum + frame.sizeIn(this.wire.encoding), 0)
    this.#tell(this.socket.bufferedBytes() + this.#queuedBytes)
    this.#waiting.pushedBytes = kept.reduce((sum, frame) => (frame.kind === 'reply' ? sum : sum + frame.sizeIn(this.wire.encoding)), 0)
    if (this.#waiting.pushedBytes > this.context.limits.outboxBytesMax) this.owner.overflow()
  }
}
