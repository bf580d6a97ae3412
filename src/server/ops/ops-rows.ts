import { z } from 'zod'
import type { Channel, Node, Session } from '../../hub/index.ts'
import { formatDuration } from '../../kit/index.ts'

const rowsMax = 50

interface ChannelRow {
  readonly channel: string
  readonly delivery: string
  readonly subscribers: number
  readonly published: number
  readonly perSecond: number
  readonly offset: number
}

interface SessionRow {
  readonly client: string
  readonly user: string
  readonly transport: string
  readonly channels: number
  readonly bufferedBytes: number
  readonly delivered: number
  readonly connectedS: number
}

/** The busiest channels and the youngest sessions of one process, or of several together. */
export type Rows = {
  readonly channels: readonly ChannelRow[]
  readonly sessionsList: readonly SessionRow[]
}

const rows = z.custom<Rows>(
  value => z.looseObject({ channels: z.array(z.looseObject({})), sessionsList: z.array(z.looseObject({})) }).safeParse(value).success,
)

/** The rows of a worker, which runs this same program; none if they cannot be read. */
export function readRows(listed: unknown): Rows {
  return rows.safeParse(listed).data ?? { channels: [], sessionsList: [] }
}

/** The rows of this process on the operations page. */
export class OpsRows {
  readonly #publishedBefore = new WeakMap<Channel, number>()
  readonly #rates = new WeakMap<Channel, number>()

  constructor(readonly node: Node) {}

  /** Called once a second: what was published since the last call is the rate. */
  sample(): void {
    for (const channel of this.node.hub.channels()) {
      this.#rates.set(channel, channel.published - (this.#publishedBefore.get(channel) ?? channel.published))
      this.#publishedBefore.set(channel, channel.published)
    }
  }

  list(): Rows {
    const { hub, sessions } = this.node
    return {
      channels: busiest([...hub.channels()].map(channel => this.#channelRow(channel))),
      sessionsList: sessions
        .all()
        .slice(-rowsMax)
        .map(session => this.#sessionRow(session)),
    }
  }

  #channelRow(channel: Channel): ChannelRow {
    const { name, namespace, subscriptions, published, feed, delayMs } = channel
    return {
      channel: delayMs === 0 ? name : `${name} (${formatDuration(delayMs)} behind)`,
      delivery: namespace.delivery.name,
      subscribers: subscriptions.length,
      published,
      perSecond: this.#rates.get(channel) ?? 0,
      offset: feed.position.offset,
    }
  }

  #sessionRow(session: Session): SessionRow {
    return {
      client: session.id,
      user: session.user,
      transport: session.wire.name,
      channels: session.subscriptions.size,
      bufferedBytes: session.socket.bufferedBytes() + session.outbox.queuedBytes,
      delivered: session.outbox.delivered,
      connectedS: Math.round((this.node.now() - session.connectedAt) / 1000),
    }
  }
}

/** The rows of several processes as those of one. A channel that is on several stands once: its subscribers are summed, the rest is the same. */
export function together(all: readonly Rows[]): Rows {
  const byName = new Map<string, ChannelRow>()
  for (const row of all.flatMap(({ channels }) => channels)) {
    const known = byName.get(row.channel)
    byName.set(row.channel, known === undefined ? row : merged(known, row))
  }
  const sessionsList = all
    .flatMap(rows => rows.sessionsList)
    .sort((left, right) => right.connectedS - left.connectedS)
    .slice(-rowsMax)
  return { channels: busiest([...byName.values()]), sessionsList }
}

function merged(left: ChannelRow, right: ChannelRow): ChannelRow {
  return {
    ...left,
    subscribers: left.subscribers + right.subscribers,
    published: Math.max(left.published, right.published),
    perSecond: Math.max(left.perSecond, right.perSecond),
    offset: Math.max(left.offset, right.offset),
  }
}

function busiest(rows: ChannelRow[]): readonly ChannelRow[] {
  return rows.sort((left, right) => right.subscribers - left.subscribers).slice(0, rowsMax)
}
