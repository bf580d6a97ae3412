import { type Node, openSubscription, type PendingSubscription, type Session } from '../hub/index.ts'
import { CommandError, errors } from '../protocol/index.ts'
import type { Resume } from './watchlist.ts'

type Outcome = readonly [channel: string, PendingSubscription | CommandError]

/** Admits a session to many channels at once; one that is refused stands with its error and does not hold up the others. */
export async function admitAll(
  node: Node,
  session: Session,
  channels: readonly string[],
  resume: Resume,
  delayMs: number,
): Promise<Map<string, PendingSubscription | CommandError>> {
  return new Map(
    await Promise.all(channels.map(async (channel): Promise<Outcome> => [channel, await attempt(node, session, channel, resume, delayMs)])),
  )
}

/**
 * Charges its user or address for the channels that are asked for: each is as much as a subscribe, the first is the request itself. Those for
 * which there is no room are refused without a question. @throws CommandError 111
 */
export function payForChannels(node: Node, session: Session, channels: number): void {
  const count = Math.min(channels, node.limits.channelsPerSessionMax) - 1
  if (count > 0 && !node.rates.spend(session, node.clock.now(), count)) throw new CommandError(errors.tooManyRequests)
}

/** Admits a session to one channel, or gives the reason why not. */
export async function attempt(
  node: Node,
  session: Session,
  channel: string,
  resume: Resume,
  delayMs: number,
): Promise<PendingSubscription | CommandError> {
  const granted = session.identity.subs ?? {}
  const terms = Object.hasOwn(granted, channel) ? granted[channel] : undefined
  try {
    return await openSubscription(node, session, { channel, since: resume(channel), recoverable: true, granted: terms, delayMs })
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    return error
  }
}
