import { z } from 'zod'

/** One question of the protocol: what is asked, and what the answer is. */
export interface Request<In, Out> {
  readonly kind: 'request'
  readonly name: string
  readonly input: z.ZodType<In>
  readonly output: z.ZodType<Out>
  /** Only reads, or does the same when asked twice: asked again where the link broke before the answer. */
  readonly isRepeatable: boolean
}

/** One statement of the protocol, which wants no answer. What must not be lost is said again as a whole when the link is new. */
export interface LinkNotification<In> {
  readonly kind: 'notification'
  readonly name: string
  readonly input: z.ZodType<In>
}

export function request<In, Out>(
  name: string,
  input: z.ZodType<In>,
  output: z.ZodType<Out>,
  { repeatable = false }: { readonly repeatable?: boolean } = {},
): Request<In, Out> {
  return { kind: 'request', name, input, output, isRepeatable: repeatable }
}

export function notify<In>(name: string, input: z.ZodType<In>): LinkNotification<In> {
  return { kind: 'notification', name, input }
}

/**
 * A value that another node made of the same type, as its form tells. It is passed on as it came: what a node does not look at costs it
 * nothing, and what later versions add is kept.
 */
export function shaped<T>(form: z.ZodType): z.ZodType<T> {
  return z.custom<T>(value => form.safeParse(value).success)
}
