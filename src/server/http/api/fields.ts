import { z } from 'zod'
import type { Json } from '../../../kit/index.ts'
import { channel, optional, optionalJson } from '../../identity/identity-schema.ts'

/** The fields of the server API's parameters. `null`, and '' for a text, count as absent, since typed clients send them so. */

export { channel, optional, optionalJson }

export const requiredJson = z
  .unknown()
  .refine(value => value !== undefined, 'missing')
  .transform(value => value as Json)

export function optionalText(charactersMax: number) {
  return z
    .string()
    .max(charactersMax)
    .nullish()
    .transform(value => (value === null || value === '' ? undefined : value))
}

/** A field of Centrifugo's that is not honoured here: what is set is refused, since the caller counts on it; what is empty is let through. */
export function unsupported(instead: string) {
  return z
    .unknown()
    .refine(value => value === undefined || value === null || value === '' || value === 0, `not supported: ${instead}`)
    .optional()
    .meta({ deprecated: true, description: `Not supported: ${instead}.` })
}

export const position = z.strictObject({
  offset: z.int().min(0),
  epoch: z
    .string()
    .max(64)
    .nullish()
    .transform(value => value ?? ''),
})

/** Whose sessions: all of a user's, or the one with the client id or session id. An anonymous session is reached by its id alone. */
export const addressee = {
  user: z
    .string()
    .max(255)
    .nullish()
    .transform(value => value ?? ''),
  client: optionalText(255),
  session: optionalText(255),
}

export interface Addressee {
  readonly user: string
  readonly client?: string | undefined
  readonly session?: string | undefined
}

/** Refuses a call that addresses nobody. */
export function addressing<T extends z.ZodType<Addressee>>(schema: T) {
  return schema.refine(({ user, client, session }) => user !== '' || client !== undefined || session !== undefined, {
    path: ['user'],
    message: 'name a user, or the client or session of an anonymous one',
  })
}
