import { type Children, protocol, type TakenWatch, type Uplink, type WatchChange } from '../../cluster/index.ts'
import type { Node } from '../../hub/index.ts'
import type { Json } from '../../kit/index.ts'
import { CommandError } from '../../protocol/index.ts'
import { changeWatchlist, check, type SseTransport, type Watch, watchlistChangeSchema } from '../../transport/index.ts'

/** Finds event streams anywhere in the tree. A stream's id begins with its node's: down first, and up only where the question did not come from there. */
export class StreamPlaces {
  constructor(
    readonly here: () => { readonly node: Node; readonly sse: SseTransport },
    readonly children: Children,
    readonly uplink: Uplink | undefined,
  ) {}

  /** Changes the watchlist of a stream. @throws CommandError 404 where it is nowhere */
  async change(change: WatchChange, mayGoUp: boolean): Promise<Json> {
    const { node, sse } = this.here()
    const at = nodeOf(change.session)
    if (at === node.id) return { ...(await changeWatchlist(sse, change.session, change.user, check(watchlistChangeSchema, change.change))) }
    const link = this.children.below(at)?.link
    if (link !== undefined) return link.request(protocol.watch, change)
    if (this.uplink !== undefined && mayGoUp) return this.uplink.request(protocol.watch, change)
    throw new CommandError({ code: 404, message: 'no such stream' })
  }

  /** The watchlist of a stream that broke off. */
  async take(session: string, user: string, mayGoUp: boolean): Promise<TakenWatch | null> {
    const { node, sse } = this.here()
    const at = nodeOf(session)
    if (at === node.id) return takenFrom(sse.giveWatch(session, user))
    const link = this.children.below(at)?.link
    if (link !== undefined) return link.request(protocol.takeWatch, { session, user })
    if (this.uplink !== undefined && mayGoUp) return this.uplink.request(protocol.takeWatch, { session, user })
    return null
  }
}

function nodeOf(session: string): string {
  return session.slice(0, Math.max(0, session.indexOf('.')))
}

function takenFrom(watch: Watch | undefined): TakenWatch | null {
  return watch === undefined ? null : { channels: watch.channels, rev: watch.rev }
}
