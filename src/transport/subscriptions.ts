import { type Admission, admit, type Session } from '../hub/index.ts'
import { CommandError } from '../protocol/index.ts'
import type { Resume } from './watchlist.ts'

type Outcome = readonly [channel: string, Admission | CommandError]

/** Admits a session to many channels at once; one that is refused stands with its error and does not hold up the others. */
export async function admitAll(
  session: Session,
  channels: readonly string[],
  resume: Resume,
  delayMs: number,
): Promise<Map<string, Admission | CommandError>> {
  return new Map(await Promise.all(channels.map(channel => attempt(session, channel, resume, delayMs))))
}

async function attempt(session: Session, channel: string, resume: Resume, delayMs: number): Promise<Outcome> {
  const granted = session.identity.subs ?? {}
  const terms = Object.hasOwn(granted, channel) ? granted[channel] : undefined
  try {
    return [channel, await admit(session, { channel, since: resume(channel), recoverable: true, granted: terms, delayMs })]
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    return [channel, error]
  }
}
