import type { z } from 'zod'
import { group } from './option.ts'

/** Says that options do not go together. `reads` are the other options that it follows from. */
export type ReportProblem = (path: string, reason: string, reads?: readonly string[]) => void

/** The part of a service that the configuration knows: its name, its options, and its options at the top level. */
export interface ServiceOptions<O extends z.ZodObject = z.ZodObject, N extends string = string, T extends string = string> {
  /** Letters, digits and "_": its options stand under it, and `services` lists it. */
  readonly name: N
  readonly options?: O
  /** Groups of its options that stand at the top of the configuration and not under its name. */
  readonly atTop?: readonly T[]
  /** Complains of options that do not go together, each by its whole path: `poll.choices`. */
  check?(options: z.output<O>, complain: ReportProblem): void
  /** Bytes of the longest body that its routes take, where that is more than other routes take. */
  bodyBytesMax?(options: z.output<O>): number
}

/** Its part of a configuration, as one writes it. Nothing is known of a service whose name is not. */
type InputOf<S> =
  S extends ServiceOptions<infer O, infer N, infer T>
    ? string extends N
      ? unknown
      : { readonly [K in N]?: Omit<z.input<O>, T> } & { readonly [K in T]?: K extends keyof z.input<O> ? z.input<O>[K] : never }
    : never

type IntersectionOf<U> = (U extends unknown ? (value: U) => void : never) extends (value: infer I) => void ? I : never

/** The options that services add to a configuration. */
export type ServicesInput<S> = [S] extends [never] ? unknown : IntersectionOf<InputOf<S>>

/** The part of a configuration that belongs to a service, as a group of its own: `{ poll: … }`. */
export function rootOf({ name, options, atTop = [] }: ServiceOptions) {
  const own: Record<string, z.core.$ZodType> = { ...options?.shape }
  const top: Record<string, z.core.$ZodType> = {}
  for (const key of atTop) {
    const option = own[key]
    if (option !== undefined) top[key] = option
    Reflect.deleteProperty(own, key)
  }
  return group({ [name]: group(own).prefault({}), ...top })
}

/** Its keys at the top of a configuration. */
export function rootKeys({ name, atTop = [] }: ServiceOptions): readonly string[] {
  return [name, ...atTop]
}

/** The options as the service takes them, from what its part of the configuration was read as. */
export function joined({ name }: ServiceOptions, read: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { [name]: own, ...top } = read
  return { ...(typeof own === 'object' ? own : {}), ...top }
}

/** What a service takes that no configuration was read for. @throws z.ZodError where it has options without a default */
export function defaultsOf(service: ServiceOptions): Record<string, unknown> {
  return joined(service, rootOf(service).parse({}))
}
