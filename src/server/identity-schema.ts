import { z } from 'zod'
import type { ServerSubscription } from '../hub/index.ts'
import type { Json } from '../kit/index.ts'
import { isChannelName } from '../protocol/index.ts'

export const json = z.unknown().transform(value => value as Json)
export const channel = z.string().refine(isChannelName, 'not a channel name')

const subscriptionOptions = z.object({ info: json.optional(), data: json.optional() })

/** What is said of a client beside its user, by a token or by the connect hook. */
export const identityFields = {
  info: json.optional(),
  meta: json.optional(),
  channels: z.array(channel).max(1000).optional(),
  subs: z.record(channel, subscriptionOptions).optional(),
  caps: z
    .array(
      z.object({
        channels: z.array(z.string().max(255)).max(1000),
        match: z.enum(['exact', 'wildcard']).optional(),
        allow: z.array(z.enum(['sub', 'pub', 'prs', 'hst'])),
      }),
    )
    .max(1000)
    .optional(),
}

type Given = z.output<z.ZodObject<Pick<typeof identityFields, 'channels' | 'subs'>>>

/** `channels` are subscriptions without options. */
export function serverSubscriptions({ channels, subs }: Given): Readonly<Record<string, ServerSubscription>> | undefined {
  if (channels === undefined && subs === undefined) return undefined
  const named = channels?.map((name): [string, ServerSubscription] => [name, {}]) ?? []
  return Object.fromEntries([...named, ...Object.entries(subs ?? {})])
}
