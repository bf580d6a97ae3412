import type { SessionControl } from '../contracts/broker.ts'
import type { Session } from './session.ts'

/** Without a user only a named session is meant, never all of the anonymous ones. */
export function concerns({ user, client, session: stream }: SessionControl, session: Session): boolean {
  if (user === '' ? client === undefined && stream === undefined : session.user !== user) return false
  return (client === undefined || session.id === client) && (stream === undefined || session.streamId === stream || session.id === stream)
}
