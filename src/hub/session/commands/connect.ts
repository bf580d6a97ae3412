import type { Json } from '../../../kit/index.ts'
import { CloseError, CommandError, closes, errors, type Params, type Position, type SubsEntry } from '../../../protocol/index.ts'
import { unwrap } from '../../access/access.ts'
import type { Identity, ServerSubscription } from '../../access/identity.ts'
import { openSubscription, type PendingSubscription } from '../../channel/pending-subscription.ts'
import { channelsMaxOf, withPersonalChannel } from '../../channel/personal-channel.ts'
import { replyFrame } from '../../fanout/frame.ts'
import { ConnectReply } from '../../fanout/message.ts'
import type { CommandHost } from '../command-host.ts'
import type { ServerSideSubscriptions } from '../connect-handlers.ts'
import { expiryOf } from '../expiry.ts'
import type { Session, Voucher } from '../session.ts'
import { hookClientOf } from '../session-client.ts'

/** Identifies the client, calls the connect handlers of services, makes the server-side subscriptions, and replies with both. */
export async function connect(host: CommandHost, session: Session, id: number, params: Params<'connect'>): Promise<void> {
  if (session.isConnected) throw new CommandError(errors.badRequest, 'already connected')
  const authorization = params.headers?.authorization ?? params.headers?.Authorization
  // A page cannot set the header on a WebSocket, so SDKs send it with the command.
  if (authorization !== undefined) session.headers = { authorization, ...session.headers }
  const { identity, data: given, voucher } = await identify(host, session, params.token, params.data)
  if (session.isClosed) return
  const serverSide = await host.connectHandlers.handle(hookClientOf(session, identity), params.data)
  if (session.isClosed) return
  const wanted = join(identity.subs, serverSide.subs, params.subs)
  checkServerSubscriptions(host, identity, wanted)
  session.connect(identity, voucher)
  if (session.isClosed) return
  for (const channel of wanted.keys()) if (session.isWithheld(channel)) wanted.delete(channel)
  const pendings = await admitServerSubscriptions(host, session, wanted)
  if (session.isClosed) return
  session.announce()
  const subs = completeAll(pendings)
  // An SDK takes every entry for a subscription, so that one which could not be made must not stand there: it comes back for all of them.
  if ([...subs.values()].some(entry => 'error' in entry)) throw new CloseError(closes.insufficientState)
  const data = given ?? serverSide.data
  const result = {
    client: session.id,
    version: host.version,
    ...(data === undefined ? {} : { data }),
    // A client that is told of an end asks for a token, and gives up where it has no way to get one.
    ...(session.isRefreshable ? expiryOf(session) : {}),
    // In whole seconds; 0 would tell a client that no pings come, and it would not answer them.
    ping: Math.max(1, Math.round(host.limits.pingIntervalMs / 1000)),
    pong: true,
    node: host.id,
  }
  session.outbox.enqueue(replyFrame(new ConnectReply(id, result, subs)))
}

export interface Identified {
  readonly identity: Identity
  readonly data?: Json | undefined
  /** Nothing, where the kind of connection alone lets anybody in. */
  readonly voucher: Voucher
}

const stranger: Identity = { user: '' }

/**
 * Who is it: the connect hook decides where there is one, else the token. Without either, only a server that lets strangers in does.
 * @throws CommandError 101, 109 · CloseError 3500
 */
export async function identify(
  host: CommandHost,
  session: Session,
  token: string | undefined,
  data: Json | undefined,
  anonymousAllowed = host.options.anonymousAllowed,
): Promise<Identified> {
  const { hooks, personalChannel, anonymousAllowed: areStrangersInvited } = host.options
  const given = token !== undefined && token !== ''
  // Whatever the server API asks of users meanwhile, it is not asked of strangers.
  if (given || hooks.connect !== undefined) host.recentControls.began(session)
  if (hooks.connect !== undefined && !given) {
    const result = unwrap(
      await hooks.connect(session.asking, {
        ...(data === undefined ? {} : { data }),
        ...(session.headers === undefined ? {} : { headers: session.headers }),
      }),
    )
    return { identity: withPersonalChannel(result, personalChannel), data: result.data, voucher: 'server' }
  }
  if (!given) {
    if (anonymousAllowed) return { identity: stranger, voucher: areStrangersInvited ? 'server' : 'nothing' }
    throw new CommandError(errors.unauthorized)
  }
  const verified = await host.tokens.connection(token, session.address)
  if (verified.kind === 'invalid') throw invalidToken(host, session, verified.reason)
  if (verified.kind === 'expired') throw new CommandError(errors.tokenExpired)
  return { identity: withPersonalChannel(verified.value, personalChannel), voucher: 'token' }
}

/** The end of a session whose token is none; the log tells its operator why. */
export function invalidToken(
  { refusals }: CommandHost,
  { address }: Session,
  reason = 'this server has no key to check tokens with',
): CloseError {
  return new CloseError(refusals.invalidToken(reason, { address }))
}

/** A subscription that the server makes by itself. */
interface Wanted extends ServerSubscription {
  readonly since?: Position | undefined
}

/** The subscriptions of the token and of services, each from the service's position, or else from the client's. */
function join(
  given: Identity['subs'],
  serverSide: ServerSideSubscriptions['subs'],
  requested: Params<'connect'>['subs'],
): Map<string, Wanted> {
  const wanted = new Map<string, Wanted>(Object.entries(given ?? {}))
  for (const [channel, { since, data }] of Object.entries(serverSide ?? {}))
    wanted.set(channel, { ...wanted.get(channel), since, ...(data === undefined ? {} : { data }) })
  for (const [channel, subscription] of wanted) {
    const wish = requested?.[channel]
    if (subscription.since !== undefined || !wish?.recover) continue
    wanted.set(channel, { ...subscription, since: { epoch: wish.epoch ?? '', offset: wish.offset ?? 0 } })
  }
  return wanted
}

/** An impossible request is refused as a whole, before the session is announced. @throws CommandError 102, 106, 107 */
function checkServerSubscriptions(host: CommandHost, { user }: Identity, wanted: ReadonlyMap<string, Wanted>): void {
  const channelsMax = channelsMaxOf(host, user)
  if (wanted.size > channelsMax) throw new CommandError(errors.limitExceeded, `at most ${channelsMax} channels`)
  for (const channel of wanted.keys()) host.access.namespaceOf(channel)
}

async function admitServerSubscriptions(
  host: CommandHost,
  session: Session,
  wanted: ReadonlyMap<string, Wanted>,
): Promise<Map<string, PendingSubscription | CommandError>> {
  const pendings = new Map<string, PendingSubscription | CommandError>()
  for (const [channel, { info, data, since }] of wanted) {
    try {
      pendings.set(
        channel,
        await openSubscription(host, session, { channel, since, recoverable: true, joinLeave: true, granted: { info, data } }),
      )
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      pendings.set(channel, error)
    }
  }
  return pendings
}

/** Everything goes live in one turn, so that the reply comes before any publication. */
export function completeAll(pendings: ReadonlyMap<string, PendingSubscription | CommandError>): Map<string, SubsEntry> {
  const subs = new Map<string, SubsEntry>()
  let room = Number.POSITIVE_INFINITY
  for (const [channel, pending] of pendings) {
    try {
      if (pending instanceof CommandError) subs.set(channel, { error: pending.toReply() })
      else {
        room = Math.min(room, pending.session.outbox.roomInReply)
        subs.set(channel, pending.complete(room))
        room -= pending.inReplyBytes
      }
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      subs.set(channel, { error: error.toReply() })
    }
  }
  return subs
}
