import { z } from 'zod'
import type { ServerSubscription } from '../../hub/index.ts'
import type { Json } from '../../kit/index.ts'
import { isChannelName } from '../../protocol/index.ts'

export const json = z.unknown().transform(value => value as Json)
export const channel = z.string().refine(isChannelName, 'not a channel name')

/** An optional value; `null` counts as absent, since typed languages write empty fields so. */
export function optional<T extends z.ZodType>(schema: T) {
  return schema.nullish().transform(value => value ?? undefined)
}

export const optionalJson = z
  .unknown()
  .transform(value => (value === null ? undefined : (value as Json | undefined)))
  .optional()

const subscriptionOptions = z
  .object({ info: optionalJson, data: optionalJson })
  .nullable()
  .transform(options => options ?? {})

/** What a token or the connect hook says of a client beside its user. */
export const identityFields = {
  info: optionalJson,
  meta: optionalJson,
  channels: optional(z.array(channel).max(1000)),
  subs: optional(z.record(channel, subscriptionOptions)),
  caps: optional(
    z
      .array(
        z.object({
          channels: z.array(z.string().max(255)).max(1000),
          match: optional(z.enum(['exact', 'wildcard', '']).transform(match => (match === '' ? undefined : match))),
          allow: z.array(z.enum(['sub', 'pub', 'prs', 'hst'])),
        }),
      )
      .max(1000),
  ),
}

type Given = z.output<z.ZodObject<Pick<typeof identityFields, 'channels' | 'subs'>>>

/** `channels` are subscriptions without options. */
export function serverSubscriptions({ channels, subs }: Given): Readonly<Record<string, ServerSubscription>> | undefined {
  if (channels === undefined && subs === undefined) return undefined
  const named = channels?.map((name): [string, ServerSubscription] => [name, {}]) ?? []
  return Object.fromEntries([...named, ...Object.entries(subs ?? {})])
}
