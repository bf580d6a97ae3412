import * as z from 'zod/mini'

const publication = z.object({ data: z.unknown(), offset: z.optional(z.number()), key: z.optional(z.string()) })

/** How a channel begins: a snapshot, and what was missed since the last event that the browser saw. */
const subscribed = z.object({
  recovered: z.optional(z.boolean()),
  was_recovering: z.optional(z.boolean()),
  publications: z.optional(z.array(publication)),
  data: z.optional(z.unknown()),
  error: z.optional(z.object({ code: z.number(), message: z.string() })),
})

const push = z.object({ channel: z.optional(z.string()), pub: z.optional(publication), subscribe: z.optional(subscribed) })

const connect = z.object({
  session: z.optional(z.string()),
  rev: z.optional(z.number()),
  subs: z.optional(z.record(z.string(), subscribed)),
})

const disconnect = z.object({ reconnect: z.boolean() })

const message = z.object({
  ...push.def.shape,
  disconnect: z.optional(disconnect),
  connect: z.optional(connect),
  batch: z.optional(z.array(push)),
})

export type Pub = z.infer<typeof publication>
export type Subscribed = z.infer<typeof subscribed>

/** What one event of the stream brings: the beginning of channels, then publications in order. */
export interface SseMessage {
  /** The server ended the stream, and does not want its client back. */
  readonly isEnded: boolean
  /** The stream begins: under which name its channels can be changed, how often they were, and which it has. */
  readonly opened: { readonly session: string; readonly rev: number; readonly channels: readonly string[] } | undefined
  readonly subs: ReadonlyMap<string, Subscribed>
  readonly publications: readonly { readonly channel: string; readonly pub: Pub }[]
}

/** Reads the data of one SSE event; undefined for what this page's version does not know. */
export function readSseMessage(text: string): SseMessage | undefined {
  const parsed = message.safeParse(parse(text))
  if (!parsed.success) return undefined
  const { connect, batch = [], disconnect, ...single } = parsed.data
  const pushes = [single, ...batch]
  const added = pushes.flatMap(({ channel, subscribe }) =>
    channel === undefined || subscribe === undefined ? [] : [[channel, subscribe] as const],
  )
  const begun = Object.entries(connect?.subs ?? {})
  return {
    isEnded: disconnect?.reconnect === false,
    opened:
      connect?.session === undefined
        ? undefined
        : { session: connect.session, rev: connect.rev ?? 0, channels: begun.map(([channel]) => channel) },
    subs: new Map([...begun, ...added]),
    publications: pushes.flatMap(({ channel, pub }) => (channel === undefined || pub === undefined ? [] : [{ channel, pub }])),
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
