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

const push = z.object({ channel: z.optional(z.string()), pub: z.optional(publication) })

const message = z.object({
  ...push.def.shape,
  connect: z.optional(z.object({ subs: z.optional(z.record(z.string(), subscribed)) })),
  batch: z.optional(z.array(push)),
})

export type Pub = z.infer<typeof publication>
export type Subscribed = z.infer<typeof subscribed>

/** What one event of the stream brings: the beginning of channels, then publications in order. */
export interface SseMessage {
  readonly subs: ReadonlyMap<string, Subscribed>
  readonly publications: readonly { readonly channel: string; readonly pub: Pub }[]
}

/** Reads the data of one SSE event; undefined for what this page's version does not know. */
export function readSseMessage(text: string): SseMessage | undefined {
  const parsed = message.safeParse(parse(text))
  if (!parsed.success) return undefined
  const { connect, batch = [], ...single } = parsed.data
  const pushes = [single, ...batch]
  return {
    subs: new Map(Object.entries(connect?.subs ?? {})),
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
