import { type Admission, admit, type Session } from '../hub/index.ts'
import { CommandError } from '../protocol/index.ts'
import type { Resume } from './watchlist.ts'

/** Admits a session to many channels; one that is refused stands with its error and does not hold up the others. */
export async function admitAll(
  session: Session,
  channels: readonly string[],
  resume: Resume,
): Promise<Map<string, Admission | CommandError>> {
  const admissions = new Map<string, Admission | CommandError>()
  const granted = session.identity.subs ?? {}
  for (const channel of channels) {
    try {
      const terms = Object.hasOwn(granted, channel) ? granted[channel] : undefined
      admissions.set(channel, await admit(session, { channel, since: resume(channel), recoverable: true, granted: terms }))
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      admissions.set(channel, error)
    }
  }
  return admissions
}
