import type { z } from 'zod'
import type { OptionSet } from './catalogue.ts'
import { didYouMean, nearest } from './nearest.ts'
import { type Problem, problemsOf } from './problems.ts'
import { salvaged } from './salvage.ts'
import { joined, type ReportProblem, rootKeys, rootOf, type ServiceOptions } from './service-options.ts'

/** A secret that guards something, as it was given. */
export interface GuardingSecret {
  readonly path: string
  readonly value: string
  readonly guards: 'signing' | 'shown'
}

/** The readable options of services. */
export interface ReadServices {
  /** Names of those that run, in the order in which the server has them. */
  readonly running: readonly string[]
  readonly options: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly bodyBytesMax: readonly number[]
  readonly secrets: readonly GuardingSecret[]
  /** Groups that were given to services that do not run. */
  readonly idle: readonly string[]
  /** Complains of options that do not go together. */
  check(complain: ReportProblem): void
}

interface ReadService {
  readonly service: ServiceOptions
  readonly problems: readonly Problem[]
  /** What could be read; undefined where nothing was given to a service that does not run. */
  readonly options: Readonly<Record<string, unknown>> | undefined
}

/** Reads what a configuration says of services, and which of them run. */
export function readServices(
  tree: unknown,
  options: OptionSet,
  wanted: readonly string[] | undefined,
): { readonly problems: readonly Problem[]; readonly services: ReadServices } {
  const names = options.services.map(({ name }) => name)
  const running = names.filter(name => wanted?.includes(name) ?? true)
  const read = options.services.map(service => readService(service, tree, options, running.includes(service.name)))
  return {
    problems: [...unknownNames(names, wanted), ...read.flatMap(({ problems }) => problems)],
    services: {
      running,
      options: Object.fromEntries(read.flatMap(({ service, options }) => (options === undefined ? [] : [[service.name, options]]))),
      bodyBytesMax: read.flatMap(({ service, options }) => (options === undefined ? [] : [service.bodyBytesMax?.(options) ?? 0])),
      secrets: secretsOf(tree, options),
      idle: read.filter(({ service }) => !running.includes(service.name)).flatMap(({ service }) => givenKeys(service, tree)),
      check: complain => {
        for (const { service, options } of read) if (options !== undefined) service.check?.(options, complain)
      },
    },
  }
}

/** A configuration without what belongs to services. */
export function withoutServices(tree: unknown, services: readonly ServiceOptions[]): unknown {
  if (!isTree(tree)) return tree
  const theirs = new Set(services.flatMap(rootKeys))
  return Object.fromEntries(Object.entries(tree).filter(([key]) => !theirs.has(key)))
}

function readService(service: ServiceOptions, tree: unknown, options: OptionSet, isRunning: boolean): ReadService {
  const given = Object.fromEntries(givenKeys(service, tree).map(key => [key, Reflect.get(Object(tree), key)]))
  const schema: z.ZodType<Record<string, unknown>> = rootOf(service)
  const read = schema.safeParse(given)
  if (read.success) return { service, problems: [], options: joined(service, read.data) }
  if (!isRunning && Object.keys(given).length === 0) return { service, problems: [], options: undefined }
  const rest = salvaged(schema, given)
  return { service, problems: problemsOf(read.error, options), options: rest && joined(service, rest) }
}

function givenKeys(service: ServiceOptions, tree: unknown): string[] {
  return isTree(tree) ? rootKeys(service).filter(key => Object.hasOwn(tree, key)) : []
}

function unknownNames(names: readonly string[], wanted: readonly string[] = []): Problem[] {
  const there = names.length === 0 ? 'this server has none' : `there is ${names.map(name => `"${name}"`).join(' and ')}`
  return wanted.flatMap((name, index) => {
    if (names.includes(name)) return []
    const meant = didYouMean(nearest(name, names))
    return [{ path: `services[${index}]`, reason: `unknown service "${name}"${meant === '' ? `, ${there}` : meant}` }]
  })
}

function secretsOf(tree: unknown, { all, services }: OptionSet): GuardingSecret[] {
  const theirs = new Set(services.flatMap(rootKeys))
  return all.flatMap(({ path, guards }) => {
    if (guards === undefined || !theirs.has(path.split('.', 1).join())) return []
    const value = path.split('.').reduce<unknown>((at, key) => (isTree(at) ? Reflect.get(at, key) : undefined), tree)
    return typeof value === 'string' ? [{ path, value, guards }] : []
  })
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
