import { z } from 'zod'
import { apiCommand } from './command.ts'
import { optional, optionalText } from './fields.ts'

/** Until when it is kept, in Unix seconds: no token that it concerns should be good for longer. Absent or 0: for ever. */
const expire_at = optional(z.int().min(0))

/** Makes one token void, by its `jti`. */
export const revokeToken = apiCommand(
  'Makes one token void.',
  z.strictObject({ uid: z.string().min(1).max(255), expire_at }),
  async (input, { revoke }) => {
    await revoke({ kind: 'token', uid: input.uid, expireAt: input.expire_at ?? 0 })
    return '{}'
  },
)

/** Makes void all tokens of a user that were issued before a time (`iat`), or with a channel the subscription tokens for it. */
export const invalidateUserTokens = apiCommand(
  'Makes the tokens of a user void that were issued before a time.',
  z.strictObject({ user: z.string().min(1).max(255), channel: optionalText(255), issued_before: optional(z.number().min(0)), expire_at }),
  async ({ user, channel = '', issued_before: given = 0, expire_at: expireAt = 0 }, { node, revoke }) => {
    // `iat` is in whole seconds: a token of this very second may have been issued before.
    const issuedBefore = given === 0 ? node.now() / 1000 : given
    await revoke({ kind: 'user', user, channel, issuedBefore, expireAt })
    return '{}'
  },
)
