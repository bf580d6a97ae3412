import { type Config, toConfig } from './config.ts'
import { layerOfEnvironment, layerOfFlags, overlay } from './layers.ts'
import { namespaceSchema } from './namespace-options.ts'
import { foreignProblems, type Problem, problemsOf, withForeign } from './problems.ts'
import { crossProblems, type PlacedNamespace, type Readable, warningsOf } from './rules.ts'
import { type ConfigInput, type Settings, schema } from './schema.ts'

/** Where a configuration comes from; an earlier source wins over a later one, option by option. */
export interface ConfigSources {
  /** Texts by path: `{ 'client.ping_interval': '10s' }`. */
  readonly flags?: Readonly<Record<string, string>>
  /** Variables, of which those that begin with `FANFARE_` are read. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** What a configuration file holds. */
  readonly file?: unknown
  /** What holds where no source says otherwise. */
  readonly defaults?: ConfigInput
  /** Schemes of brokers beside those that ship. */
  readonly brokers?: readonly string[]
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

/** The tree without what stands at the path: a default takes its place. */
function without(tree: unknown, path: readonly PropertyKey[]): unknown {
  const [key, ...rest] = path
  if (key === undefined || typeof tree !== 'object' || tree === null) return undefined
  const copy: object = Array.isArray(tree) ? [...tree] : { ...tree }
  if (rest.length === 0) Reflect.deleteProperty(copy, key)
  else Reflect.set(copy, key, without(Reflect.get(copy, key), rest))
  return copy
}

/** What remains readable of a tree with problems, so that those between options are found in the same run. */
function salvage(tree: unknown): Readable | undefined {
  const named = listAt(tree, 'channel', 'namespaces').flatMap((given, index) => {
    const read = namespaceSchema.safeParse(given)
    if (!read.success) return []
    const { name, ...options } = read.data
    return [{ path: `channel.namespaces[${index}]`, name, options }]
  })
  let rest = overlay(tree, { channel: { namespaces: [] } })
  // Each round takes out what failed, and one level more than the round before where something required is left missing.
  for (let level = 0; level < 4; level++) {
    const read = schema.safeParse(rest)
    if (read.success) return { settings: read.data, namespaces: [...placed(read.data), ...named] }
    for (const { path, ...issue } of read.error.issues) {
      if (issue.code === 'unrecognized_keys') for (const key of issue.keys) rest = without(rest, [...path, key])
      else rest = without(rest, path.slice(0, Math.max(1, path.length - level)))
    }
  }
  return undefined
}

function examine(
  tree: unknown,
  brokers: readonly string[],
): { readonly problems: readonly Problem[]; readonly readable: Readable | undefined } {
  const read = schema.safeParse(tree)
  if (read.success) {
    const readable = { settings: read.data, namespaces: placed(read.data) }
    return { problems: crossProblems(readable, [], brokers), readable }
  }
  const wrong = withForeign(problemsOf(read.error), foreignProblems(tree))
  const readable = salvage(tree)
  return { problems: readable === undefined ? wrong : [...wrong, ...crossProblems(readable, wrong, brokers)], readable: undefined }
}

/** Reads every source, and reports all that is wrong at once. */
export function resolveConfig(sources: ConfigSources): Resolution {
  const flags = layerOfFlags(sources.flags ?? {})
  const environment = layerOfEnvironment(sources.env ?? {})
  const tree = [environment.tree, flags.tree].reduce<unknown>(
    overlay,
    overlay(sources.defaults, sources.file === undefined ? {} : sources.file),
  )
  const { problems, readable } = examine(tree, sources.brokers ?? [])
  const all = [...flags.problems, ...environment.problems, ...problems]
  if (all.length === 0 && readable !== undefined)
    return { ok: true, config: toConfig(readable.settings, readable.namespaces, [...environment.warnings, ...warningsOf(readable)]) }
  const origins = new Map([...environment.origins, ...flags.origins])
  return { ok: false, problems: all.map(problem => lineOf(problem, origins)) }
}

function lineOf({ path, reason }: Problem, origins: ReadonlyMap<string, string>): string {
  const origin = [...origins].find(([given]) => path === given || path.startsWith(`${given}[`))?.[1]
  return `${path === '' ? 'configuration' : path}: ${reason}${origin === undefined ? '' : ` (from ${origin})`}`
}

/** The configuration of a server in one's own program. @throws ConfigError */
export function configure(input: ConfigInput | Config, brokers: readonly string[] = []): Config {
  if ('kind' in input) return input
  const resolution = resolveConfig({ file: input, brokers })
  if (!resolution.ok) throw new ConfigError(resolution.problems)
  return resolution.config
}
