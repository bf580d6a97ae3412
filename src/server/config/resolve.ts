import { OptionSet } from './catalogue.ts'
import { type Config, toConfig } from './config.ts'
import { layerOfEnvironment, layerOfFlags, overlay } from './layers.ts'
import { namespaceSchema } from './namespace-options.ts'
import { foreignProblems, type Problem, problemsOf, withForeign } from './problems.ts'
import { type ReadServices, readServices, withoutServices } from './read-services.ts'
import type { PlacedNamespace, Readable } from './readable.ts'
import { crossProblems, type OtherBrokers, warningsOf } from './rules.ts'
import { salvaged } from './salvage.ts'
import { type ConfigInput, type Settings, schema } from './schema.ts'
import type { ServiceOptions } from './service-options.ts'

/** Those of a server without services. */
export const coreOptions = new OptionSet()

/** The sources of a configuration; an earlier one wins over a later one, option by option. */
export interface ConfigSources {
  /** Texts by path: `{ 'client.ping_interval': '10s' }`. */
  readonly flags?: Readonly<Record<string, string>>
  /** Variables, of which those that begin with `FANFARE_` are read. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** The contents of a configuration file. */
  readonly file?: unknown
  /** Values that hold unless a source says otherwise. */
  readonly defaults?: ConfigInput
  /** Schemes of brokers beside those that ship. */
  readonly brokers?: readonly string[]
  /** And of those that several nodes share. */
  readonly fleets?: readonly string[]
  /** Every option there is: those of a server without services unless given. */
  readonly options?: OptionSet
}

/** The configuration, or everything that is wrong with it, each as `path: reason`. */
export type Resolution = { readonly ok: true; readonly config: Config } | { readonly ok: false; readonly problems: readonly string[] }

/** A configuration that cannot be used. The message has one problem a line. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'))
  }
}

function placed({ channel }: Settings): PlacedNamespace[] {
  const { without_namespace, namespaces } = channel
  const named = namespaces.map(({ name, ...options }, index) => ({ path: `channel.namespaces[${index}]`, name, options }))
  return [{ path: 'channel.without_namespace', name: '', options: without_namespace }, ...named]
}

function listAt(tree: unknown, ...path: string[]): readonly unknown[] {
  const value = path.reduce<unknown>((at, key) => (typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined), tree)
  return Array.isArray(value) ? value : []
}

/** The readable rest of the server's own options. */
function salvage(tree: unknown, services: ReadServices): Readable | undefined {
  const named = listAt(tree, 'channel', 'namespaces').flatMap((given, index) => {
    const read = namespaceSchema.safeParse(given)
    if (!read.success) return []
    const { name, ...options } = read.data
    return [{ path: `channel.namespaces[${index}]`, name, options }]
  })
  const settings = salvaged(schema, overlay(tree, { channel: { namespaces: [] } }))
  return settings && { settings, namespaces: [...placed(settings), ...named], services }
}

/** The names that `services` lists, where it is a list. */
function wantedServices(tree: unknown): readonly string[] | undefined {
  const given: unknown = typeof tree === 'object' && tree !== null ? Reflect.get(tree, 'services') : undefined
  return Array.isArray(given) ? given.filter(name => typeof name === 'string') : undefined
}

function examine(
  whole: unknown,
  options: OptionSet,
  others: OtherBrokers,
): { readonly problems: readonly Problem[]; readonly readable: Readable | undefined } {
  const tree = withoutServices(whole, options.services)
  const read = schema.safeParse(tree)
  const { problems: ofServices, services } = readServices(whole, options, wantedServices(tree))
  if (read.success && ofServices.length === 0) {
    const readable = { settings: read.data, namespaces: placed(read.data), services }
    return { problems: crossProblems(readable, [], others), readable }
  }
  const own = read.success ? [] : withForeign(problemsOf(read.error, options), foreignProblems(tree, options))
  const wrong = [...own, ...ofServices]
  const readable = salvage(tree, services)
  return { problems: readable === undefined ? wrong : [...wrong, ...crossProblems(readable, wrong, others)], readable: undefined }
}

/** Reads every source, and reports all that is wrong at once. */
export function resolveConfig(sources: ConfigSources): Resolution {
  const options = sources.options ?? coreOptions
  const flags = layerOfFlags(sources.flags ?? {}, options)
  const environment = layerOfEnvironment(sources.env ?? {}, options)
  const tree = [environment.tree, flags.tree].reduce<unknown>(
    overlay,
    overlay(sources.defaults, sources.file === undefined ? {} : sources.file),
  )
  const others = { brokers: sources.brokers ?? [], fleets: sources.fleets ?? [] }
  const { problems, readable } = examine(tree, options, others)
  const all = [...flags.problems, ...environment.problems, ...problems]
  if (all.length === 0 && readable !== undefined)
    return { ok: true, config: toConfig(readable, [...environment.warnings, ...warningsOf(readable, others)]) }
  const origins = new Map([...environment.origins, ...flags.origins])
  return { ok: false, problems: all.map(problem => lineOf(problem, origins)) }
}

function lineOf({ path, reason }: Problem, origins: ReadonlyMap<string, string>): string {
  const origin = [...origins].find(([given]) => path === given || path.startsWith(`${given}[`))?.[1]
  return `${path === '' ? 'configuration' : path}: ${reason}${origin === undefined ? '' : ` (from ${origin})`}`
}

/** What a server has beside what every server has. */
interface Surrounding<S extends readonly ServiceOptions[]> {
  readonly services?: S
  /** Schemes of brokers beside those that ship. */
  readonly brokers?: readonly string[]
  readonly fleets?: readonly string[]
}

/** The configuration of a server in one's own program. @throws ConfigError */
export function configure<const S extends readonly ServiceOptions[] = readonly []>(
  input: ConfigInput<S[number]> | Config | undefined,
  { services, brokers = [], fleets = [] }: Surrounding<S> = {},
): Config {
  if (input !== undefined && isConfig(input)) return input
  const resolution = resolveConfig({
    file: input,
    brokers,
    fleets,
    options: services === undefined ? coreOptions : new OptionSet(services),
  })
  if (!resolution.ok) throw new ConfigError(resolution.problems)
  return resolution.config
}

function isConfig(input: object): input is Config {
  return 'kind' in input
}
