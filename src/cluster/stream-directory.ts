import type { Json } from '../kit/index.ts'
import { CommandError } from '../protocol/index.ts'
import { protocol, type TakenWatch, type WatchChange } from './protocol.ts'
import type { Route, TopologyHost } from './topology-host.ts'

/** The node that a session is on: its id begins with that node's. */
export function nodeOfSession(session: string): string {
  return session.slice(0, Math.max(0, session.indexOf('.')))
}

/** Reaches event streams of any node, by the route to their session. */
export class StreamDirectory {
  constructor(readonly host: () => TopologyHost) {}

  /** Changes the watchlist of a stream. @throws CommandError 404 where it is nowhere */
  async change(route: Route, change: WatchChange): Promise<Json> {
    if (route.kind === 'here') return this.host().changeWatch(change)
    if (route.kind === 'there') return route.node.request(protocol.watch, change)
    throw new CommandError({ code: 404, message: 'no such stream' })
  }

  /** The watchlist of a stream that broke off. */
  async take(route: Route, session: string, user: string): Promise<TakenWatch | null> {
    if (route.kind === 'here') return this.host().takeWatch(session, user)
    return route.kind === 'there' ? route.node.request(protocol.takeWatch, { session, user }) : null
  }
}
