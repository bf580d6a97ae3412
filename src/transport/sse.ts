import {
  completeAll,
  full,
  Heartbeat,
  type Identified,
  identify,
  type Node,
  type PendingSubscription,
  pushFrame,
  Session,
  sseWire,
} from '../hub/index.ts'
import { randomId, randomUuid } from '../kit/index.ts'
import {
  type Close,
  CloseError,
  CommandError,
  type Cursor,
  channelHash,
  closes,
  cursorLengthMax,
  decodeCursor,
  encodeSubscribeResult,
  errors,
  isEndCursor,
  isReconnectable,
  type Position,
  type ProtocolError,
  readDelay,
  type SubsEntry,
  sseHeartbeat,
  sseRetry,
} from '../protocol/index.ts'
import { clientHeaders } from './client-headers.ts'
import type { ConnectionGuard, ConnectionRefusal } from './connection-guard.ts'
import { credentialsOf } from './credentials.ts'
import { EventStream, type EventStreamOwner } from './event-stream.ts'
import { EventStreams } from './event-streams.ts'
import { LateChannels } from './late-channels.ts'
import { eventStreamHeaders, safetyHeaders } from './safety-headers.ts'
import { statusOf } from './status.ts'
import { admitAll, attempt, payForChannels } from './subscriptions.ts'
import { type Watch, Watches } from './watchlist.ts'

/** Between these the browser picks its wait before it connects again, so that a herd comes back spread. */
const retryMs = { from: 1000, to: 3000 } as const

/** The client that opens a stream, and its request. */
interface Opening {
  readonly channels: readonly string[]
  readonly token: string | undefined
  readonly cursor: Cursor | undefined
  readonly address: string
  /** The delay that it asks for, for all of its channels. */
  readonly delayMs: number
}

/** What a stream may need from another node. */
export interface SseElsewhere {
  /** The token behind a ticket of the URL; undefined when the ticket is void. */
  redeem(token: string): string | undefined | Promise<string | undefined>
  /** The watchlist of a stream that broke off on another node. */
  takeWatch(session: string, user: string): Promise<Pick<Watch, 'channels' | 'rev'> | undefined>
}

/** Plain EventSource at `GET /sse?channel=…`. */
export class SseTransport implements EventStreamOwner {
  readonly watches: Watches
  readonly #wire = sseWire(() => new EventStreams())
  readonly #beats: Heartbeat<Session>
  readonly #heartbeat = new TextEncoder().encode(sseHeartbeat)

  constructor(
    readonly node: Node,
    readonly guard: ConnectionGuard,
    readonly elsewhere: SseElsewhere,
  ) {
    this.watches = new Watches(node.clock, node.limits.sseLingerMs)
    this.#beats = new Heartbeat(node.clock, node.limits.sseHeartbeatMs, 0, session => this.#beat(session))
  }

  async open(request: Request, address: string): Promise<Response> {
    // Parsed once: what a parsed address holds lies beyond what the garbage collector counts.
    const { searchParams } = new URL(request.url)
    const lastEventId = lastEventIdOf(request, searchParams)
    if (isEndCursor(lastEventId)) return new Response(null, { status: 204, headers: this.#overHeaders(request) })
    const refused = this.guard.refuse(request, address)
    if (refused !== undefined) return this.#turnAway(refused, request)
    let opening: Opening
    try {
      opening = readOpening(request, searchParams, lastEventId, address, this.node.limits.channelsPerSessionMax)
    } catch (error) {
      return this.#refusal(error, request)
    }
    const stream = new EventStream(this)
    stream.delayMs = opening.delayMs
    const session = new Session(this.node, randomUuid(this.node.random), stream, this.#wire, address)
    if (this.node.options.hooks.connect !== undefined) session.headers = clientHeaders(request, address)
    try {
      const identified = await identify(this.node, session, await this.#tokenOf(opening), undefined, true)
      this.#begin(stream, session, identified)
      if (session.state.kind === 'closed') throw new CloseError(session.state.close)
      await this.#subscribe(session, opening)
    } catch (error) {
      const hasBegun = stream.session !== undefined
      session.close(closeFor(error))
      if (!isTemporary(error)) return this.#refusal(error, request)
      if (!hasBegun || error instanceof CommandError || isFull(error)) return this.#turnAway(this.guard.notNow(error), request)
    }
    return new Response(stream.body, { headers: { ...eventStreamHeaders, ...this.guard.origins.headersFor(request) } })
  }

  /** Gives a broken stream's watchlist to the node that its client came back to. */
  giveWatch(id: string, user: string): Watch | undefined {
    const watch = this.watches.lingering(id)
    return watch?.user === user ? watch : undefined
  }

  watchOf(session: Session): Watch | undefined {
    return session.socket instanceof EventStream ? session.socket.watch : undefined
  }

  lateOf(session: Session): LateChannels | undefined {
    return session.socket instanceof EventStream ? session.socket.late : undefined
  }

  delayOf(session: Session): number {
    return session.socket instanceof EventStream ? session.socket.delayMs : 0
  }

  /** Remembers a changed watchlist, and lets the cursor say it from the next event on. */
  changed(session: Session, watch: Watch): void {
    if (session.socket instanceof EventStream) session.socket.watch = watch
    session.watchlist = { session: watch.id, rev: watch.rev, channels: watch.channels }
  }

  close(): void {
    this.#beats.close()
    this.watches.close()
  }

  #begin(stream: EventStream, session: Session, { identity, voucher }: Identified): void {
    stream.session = session
    this.node.sessions.add(session)
    session.connect(identity, voucher)
    stream.write(sseRetry(retryMs.from + this.node.random.next() * (retryMs.to - retryMs.from)))
    this.#beats.add(session)
  }

  async #subscribe(session: Session, opening: Opening): Promise<void> {
    const wanted = await this.#resumedWatch(session, opening)
    // Channels that the server opens come first: they always have room, and a place in the cursor.
    const channels = [...serverChannels(session, wanted), ...wanted.channels]
    payForChannels(this.node, session, channels.length)
    const pendings = await admitAll(this.node, session, channels, channel => positionIn(opening.cursor, channel), opening.delayMs)
    if (session.state.kind === 'closed') throw new CloseError(session.state.close)
    // A user's own watchlist may have been emptied: a browser that is refused does not come back to fill it.
    if (channels.length > 0 || session.user === '' || opening.cursor?.watchlist === undefined) checkAccepted(pendings)
    const watch = shared(wanted, session)
    if (session.socket instanceof EventStream) session.socket.watch = watch
    this.watches.began(watch.id, session)
    // Also where it was changed on another node: this one counts from 0, and the URL still does not say it.
    if (watch.rev > 0 || wanted.channels !== opening.channels) this.changed(session, watch)
    session.announce()
    const subs = completeAll(pendings)
    // Before the first event, whose cursor keeps their places.
    if ([...subs.values()].some(entry => 'error' in entry && entry.error.temporary)) this.#askAgain(session, subs, opening)
    // The first event stands alone: what the new subscriptions have brought meanwhile comes with the next.
    session.socket.write(this.#wire.pack([pushFrame(connectEvent(session, this.node.id, watch, subs))], session.cursor()))
  }

  /** A browser cannot ask again for a channel alone. */
  #askAgain(session: Session, subs: ReadonlyMap<string, SubsEntry>, { cursor, delayMs }: Opening): void {
    if (!(session.socket instanceof EventStream)) return
    const placeOf = (channel: string) => positionIn(cursor, channel)
    session.socket.late = new LateChannels(this.node, session, channel => attempt(this.node, session, channel, placeOf, delayMs))
    session.socket.late.begin(subs, channel => cursor?.positions.get(channelHash(channel)))
  }

  /** The channels of the URL, or those that the stream had when it broke off: as the cursor says, or as this node remembers. */
  async #resumedWatch(session: Session, { channels, cursor }: Opening): Promise<Watch> {
    const before = cursor?.watchlist
    const fresh: Watch = { id: `${this.node.id}.${randomId(this.node.random)}`, user: session.user, channels, rev: 0 }
    if (before === undefined) return fresh
    // The browser may come back before the end of its old connection was noticed. A cursor alone must not end somebody else's.
    const live = this.watches.live(before.session)
    if (live?.user === session.user) live.close(closes.forceReconnect)
    const known = this.watches.lingering(before.session)
    if (known !== undefined && known.user === session.user) return known
    if (before.channels !== undefined) return { ...fresh, channels: before.channels }
    const taken = await this.elsewhere.takeWatch(before.session, session.user)
    return taken === undefined ? fresh : { ...fresh, ...taken }
  }

  /** Strangers may open a stream without a token: what they may follow is decided channel by channel. */
  async #tokenOf({ token }: Opening): Promise<string | undefined> {
    if (token === undefined || token === '') return undefined
    const redeemed = await this.elsewhere.redeem(token)
    if (redeemed === undefined) throw new CommandError(errors.tokenExpired, 'the ticket was used or is too old')
    return redeemed
  }

  #beat(session: Session): void {
    session.beat(this.node.clock.now())
    if (!session.isClosed && session.socket.bufferedBytes() === 0) session.socket.write(this.#heartbeat)
  }

  /** Called by the stream, whoever ended it. */
  ended({ session, watch, late }: EventStream): void {
    if (session === undefined) return
    late?.close()
    this.#beats.remove(session)
    if (watch !== undefined) this.watches.ended(watch, session)
    session.closed(closes.normal)
  }

  /** Browsers say what they want, everybody else is told by status. */
  #turnAway(refused: ConnectionRefusal, request: Request): Response {
    const wantsEvents = request.headers.get('accept')?.includes('text/event-stream') === true
    const stream = wantsEvents ? refused.toEventStream(this.guard.origins.headersFor(request)) : undefined
    return stream ?? refused.toResponse(this.guard.origins.headersFor(request))
  }

  #overHeaders(request: Request) {
    return { 'Cache-Control': 'no-store', ...safetyHeaders, ...this.guard.origins.headersFor(request) }
  }

  #refusal(error: unknown, request: Request): Response {
    const headers = this.guard.origins.headersFor(request)
    if (error instanceof CloseError) {
      const { code, reason } = error.close
      return Response.json({ error: { code, message: reason } }, { status: statusOf(code), headers })
    }
    if (error instanceof NothingAccepted)
      return Response.json({ error: error.toReply(), subs: error.subs }, { status: statusOf(error.code), headers })
    if (error instanceof CommandError) return Response.json({ error: error.toReply() }, { status: statusOf(error.code), headers })
    this.node.log.error({ err: error }, 'an event stream could not be opened')
    return Response.json({ error: errors.internal }, { status: 500, headers })
  }
}

/** A stream that would carry nothing: every channel was refused, or there was none. A status of 4xx keeps an EventSource from trying again. */
class NothingAccepted extends CommandError {
  constructor(
    { code, message }: CommandError,
    readonly subs: Readonly<Record<string, { readonly error: ProtocolError }>>,
  ) {
    super({ code, message })
  }
}

/** @throws NothingAccepted where a stream would stay open for nothing, now and when it is tried again */
function checkAccepted(pendings: ReadonlyMap<string, PendingSubscription | CommandError>): void {
  for (const outcome of pendings.values()) if (!(outcome instanceof CommandError)) return
  const refusals = [...pendings].flatMap(([channel, outcome]) => (outcome instanceof CommandError ? [[channel, outcome] as const] : []))
  if (refusals.some(([, { temporary }]) => temporary)) return
  const first = refusals[0]?.[1] ?? new CommandError(errors.badRequest, 'channel: name at least one')
  throw new NothingAccepted(first, Object.fromEntries(refusals.map(([channel, error]) => [channel, { error: error.toReply() }])))
}

/** Most streams follow one channel, whose name need not be kept once for each of them. */
function shared(watch: Watch, { subscriptions }: Session): Watch {
  const alone = subscriptions.only?.channel.alone
  return alone !== undefined && watch.channels.length === 1 && watch.channels[0] === alone[0] ? { ...watch, channels: alone } : watch
}

/** The close by which a stream that could not be opened is counted. */
function closeFor(error: unknown): Close {
  if (error instanceof CloseError) return error.close
  return isTemporary(error) ? closes.internal : closes.badRequest
}

/** There was no room for one more stranger, which is known as late as who it is. */
function isFull(error: unknown): boolean {
  return error instanceof CloseError && error.close === full
}

/** A browser gives up on a stream that is refused, so that what may work in a moment is answered by one that ends. */
function isTemporary(error: unknown): boolean {
  return error instanceof CloseError ? isReconnectable(error.close) : error instanceof CommandError && error.temporary
}

/** An empty header says nothing, so that the URL may still speak. */
function lastEventIdOf({ headers }: Request, searchParams: URLSearchParams): string {
  return headers.get('last-event-id') || searchParams.get('last_event_id') || searchParams.get('lastEventId') || ''
}

/** @throws CommandError 106 before anything is asked of anybody, 107 with the name of what is wrong */
function readOpening(request: Request, searchParams: URLSearchParams, lastEventId: string, address: string, channelsMax: number): Opening {
  const channels = [...new Set(searchParams.getAll('channel'))]
  if (channels.length > channelsMax)
    throw new CommandError(errors.limitExceeded, `channel: at most ${channelsMax} of them, and not ${channels.length}`)
  const token = credentialsOf(request, 'bearer') ?? searchParams.get('token') ?? undefined
  const delay = searchParams.get('delay')
  const delayMs = delay === null ? 0 : readDelay(delay, 'delay')
  return { channels, token, address, delayMs, cursor: lastEventId.length <= cursorLengthMax ? decodeCursor(lastEventId) : undefined }
}

function positionIn(cursor: Cursor | undefined, channel: string): Position | undefined {
  if (cursor === undefined) return undefined
  // A resumed stream whose cursor does not know the channel is told so: a position that no history has.
  return cursor.positions.get(channelHash(channel)) ?? unknownPosition
}

const unknownPosition: Position = { epoch: '-', offset: 0 }

/** Channels that the token opens by itself. */
function serverChannels(session: Session, { channels }: Watch): string[] {
  return Object.keys(session.identity.subs ?? {}).filter(channel => !channels.includes(channel) && !session.isWithheld(channel))
}

function connectEvent(session: Session, node: string, { id, rev }: Watch, subs: ReadonlyMap<string, SubsEntry>): string {
  const head = JSON.stringify({ session: id, client: session.id, node, ...(rev === 0 ? {} : { rev }) }).slice(0, -1)
  const entries = [...subs].map(
    ([channel, entry]) => `${JSON.stringify(channel)}:${'error' in entry ? JSON.stringify(entry) : encodeSubscribeResult(entry)}`,
  )
  return `{"connect":${head},"subs":{${entries.join(',')}}}}`
}
