import * as z from 'zod/mini'

const count = z.number()
const rates = { accepted: count, appended: count, delivered: count, writes: count, bytesOut: count }

/** What `GET /ops/stats` answers. */
export const opsStatsSchema = z.object({
  node: z.object({ id: z.string(), name: z.string(), version: z.string(), role: z.string(), mode: z.string(), uptimeS: count, pid: count }),
  sessions: z.object({ websocket: count, sse: count }),
  subscriptions: count,
  channelCount: count,
  totals: z.object({ ...rates, dropped: count }),
  perSecond: z.object(rates),
  /** The last minute, one sample a second, oldest first. */
  history: z.array(z.object({ t: count, accepted: count, delivered: count, sessions: count, rssMb: count, lagMs: count })),
  memory: z.object({ rssMb: count, heapMb: count }),
  lagMs: z.object({ p50: count, p99: count }),
  /** The fleet as the node sees it; null where it is none of one. */
  fleet: z.optional(
    z.nullable(
      z.object({
        members: z.array(z.object({ node: z.string(), address: z.string(), slots: count, isLinked: z.boolean() })),
        slots: count,
        owned: count,
        gained: count,
        lost: count,
        term: count,
      }),
    ),
  ),
  /** What cannot be used at the moment. */
  troubles: z.optional(z.array(z.object({ part: z.string(), reason: z.string() }))),
  /** Connections closed, by close code. */
  closes: z.record(z.string(), count),
  channels: z.array(
    z.object({ channel: z.string(), delivery: z.string(), subscribers: count, published: count, perSecond: count, offset: count }),
  ),
  sessionsList: z.array(
    z.object({
      client: z.string(),
      user: z.string(),
      transport: z.string(),
      channels: count,
      bufferedBytes: count,
      connectedS: count,
      delivered: count,
    }),
  ),
})

/** What `GET /ops/tree` answers. */
export const opsTreeSchema = z.object({
  nodes: z.array(
    z.object({
      node: z.string(),
      role: z.string(),
      region: z.string(),
      parent: z.nullable(z.string()),
      viewers: count,
      channels: count,
      published: count,
      delivered: count,
      relayed: count,
    }),
  ),
})

export type OpsStats = z.infer<typeof opsStatsSchema>
export type OpsTree = z.infer<typeof opsTreeSchema>
