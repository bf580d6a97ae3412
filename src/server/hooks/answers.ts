import { z } from 'zod'
import type { HookAnswer } from '../../hub/index.ts'
import { type JsonBounds, JsonError, parseJson } from '../../kit/index.ts'
import { describeIssue } from '../../protocol/index.ts'
import { identityFields, json, optional, serverSubscriptions } from '../identity/identity-schema.ts'

/** A WebSocket's close frame has room for 123 bytes of reason (RFC 6455, 5.5). */
const reasonBytesMax = 123
/** Unix seconds. */
const time = optional(z.number().min(0))

/** Errors and closes that a back end may ask for. Codes below 400 are the protocol's own, which it may use as well. */
const errorSchema = z.object({
  code: z.int().min(100).max(1999),
  message: optional(z.string().max(1024)).transform((message = '') => message),
  temporary: optional(z.boolean()).transform((temporary = false) => temporary),
})
const closeSchema = z.object({
  code: z.int().min(3000).max(4999),
  reason: optional(z.string().refine(reason => Buffer.byteLength(reason) <= reasonBytesMax, `at most ${reasonBytesMax} bytes`)).transform(
    (reason = '') => reason,
  ),
})

/** The `result` of each question. Fields are Centrifugo's; what stands beside them is passed over. */
export const resultSchemas = {
  connect: z
    .object({ user: z.string().max(255), expire_at: time, data: json.optional(), ...identityFields })
    .transform(({ user, expire_at, data, info, meta, caps, channels, subs }) => ({
      user,
      info,
      meta,
      caps,
      expireAt: expire_at,
      subs: serverSubscriptions({ channels, subs }),
      data,
    })),
  refresh: z
    .object({ expired: optional(z.boolean()), expire_at: time })
    .transform(({ expired, expire_at }) => ({ expired: expired === true, expireAt: expire_at })),
  subscribe: z
    .object({ info: json.optional(), data: json.optional(), expire_at: time })
    .transform(({ info, data, expire_at }) => ({ info, data, expireAt: expire_at })),
  publish: z
    .object({ data: json.optional(), skip_history: optional(z.boolean()) })
    .transform(({ data, skip_history }) => ({ data, skipHistory: skip_history })),
  rpc: z.object({ data: json.optional() }),
} as const

export type HookQuestion = keyof typeof resultSchemas
export type Result<Q extends HookQuestion> = z.output<(typeof resultSchemas)[Q]>

/** An answer, or why it is none, with the path of what is wrong. */
export type ReadAnswer<T> = { readonly ok: true; readonly answer: HookAnswer<T> } | { readonly ok: false; readonly reason: string }

/**
 * Reads `{"result"}`, `{"error"}` or `{"disconnect"}`. One of them must be there: silence is no consent. `null` is silence, as typed languages
 * write their empty fields.
 * @param schema of the result
 */
export function readAnswer<S extends z.ZodType>(text: string, schema: S, bounds: JsonBounds): ReadAnswer<z.output<S>> {
  const envelope = z.object({ result: schema.nullish(), error: errorSchema.nullish(), disconnect: closeSchema.nullish() })
  try {
    const read = envelope.safeParse(parseJson(text, bounds))
    if (!read.success) return { ok: false, reason: describeIssue(read.error) }
    const { result, error, disconnect } = read.data
    if (disconnect) return { ok: true, answer: { kind: 'disconnect', close: disconnect } }
    if (error) return { ok: true, answer: { kind: 'refused', error: toError(error) } }
    if (result !== undefined && result !== null) return { ok: true, answer: { kind: 'granted', result } }
    return { ok: false, reason: 'expected result, error or disconnect' }
  } catch (error) {
    if (error instanceof JsonError) return { ok: false, reason: error.message }
    throw error
  }
}

function toError({ code, message, temporary }: z.output<typeof errorSchema>) {
  return temporary ? { code, message, temporary: true as const } : { code, message }
}
