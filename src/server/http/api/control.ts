import { z } from 'zod'
import type { Control, SessionControl } from '../../../hub/index.ts'
import { closes } from '../../../protocol/index.ts'
import { tellAll } from '../../application/in-process.ts'
import { type ApiContext, apiCommand } from './command.ts'
import { type Addressee, addressee, addressing, channel, optional, optionalJson, position, unsupported } from './fields.ts'

/** A WebSocket's close frame has room for 123 bytes of reason (RFC 6455, 5.5). */
const reasonBytesMax = 123

const closeSchema = z.strictObject({
  code: z.int().min(3000).max(4999),
  reason: z
    .string()
    .nullish()
    .transform(reason => reason ?? '')
    .refine(reason => Buffer.byteLength(reason) <= reasonBytesMax, `at most ${reasonBytesMax} bytes`),
})

export const subscribe = apiCommand(
  'Subscribes the connections of a user to a channel.',
  addressing(
    z.strictObject({
      ...addressee,
      channel,
      info: optionalJson,
      data: optionalJson,
      recover_since: optional(position),
      expire_at: unsupported('end it with unsubscribe'),
      override: unsupported('give the channel’s namespace the options'),
      b64info: unsupported('give info as JSON'),
      b64data: unsupported('give data as JSON'),
    }),
  ),
  (input, context) => {
    const { channel, info, data, recover_since } = input
    context.node.access.namespaceOf(channel)
    const options = {
      ...(info === undefined ? {} : { info }),
      ...(data === undefined ? {} : { data }),
      ...(recover_since === undefined ? {} : { recoverSince: recover_since }),
    }
    return order(context, { kind: 'subscribe', ...whom(input), channel, options })
  },
)

export const unsubscribe = apiCommand(
  'Ends the subscriptions of a user to a channel.',
  addressing(z.strictObject({ ...addressee, channel })),
  (input, context) => {
    context.node.access.namespaceOf(input.channel)
    return order(context, { kind: 'unsubscribe', ...whom(input), channel: input.channel })
  },
)

export const disconnect = apiCommand(
  'Closes the connections of a user.',
  addressing(z.strictObject({ ...addressee, whitelist: optional(z.array(z.string().max(255))), disconnect: optional(closeSchema) })),
  (input, context) => {
    const { whitelist, disconnect = closes.forceDisconnect } = input
    const { code, reason } = disconnect
    return order(context, { kind: 'disconnect', ...whom(input), ...(whitelist === undefined ? {} : { whitelist }), code, reason })
  },
)

export const refresh = apiCommand(
  'Moves the end of the connections of a user.',
  addressing(
    z.strictObject({
      ...addressee,
      expired: optional(z.boolean()),
      expire_at: optional(z.int().min(0)),
      info: unsupported('a connection keeps the info that it came with'),
    }),
  ),
  (input, context) => {
    const { expired, expire_at } = input
    return order(context, {
      kind: 'refresh',
      ...whom(input),
      ...(expired === undefined ? {} : { expired }),
      ...(expire_at === undefined ? {} : { expireAt: expire_at }),
    })
  },
)

type Whom = Pick<SessionControl, 'user' | 'client' | 'session'>

function whom({ user, client, session }: Addressee): Whom {
  return { user, ...(client === undefined ? {} : { client }), ...(session === undefined ? {} : { session }) }
}

async function order({ node }: ApiContext, control: Control): Promise<string> {
  await tellAll(node, control)
  return '{}'
}
