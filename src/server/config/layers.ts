import type { OptionSet } from './catalogue.ts'
import { insteadOfVariable } from './centrifugo-options.ts'
import { didYouMean, nearest } from './nearest.ts'
import type { Problem } from './problems.ts'

/** A configuration in the making: whatever was given, by key. */
type Tree = { [key: string]: unknown }

/** The values of one source, and for each path the name that it used. */
export interface Layer {
  readonly tree: Tree
  readonly origins: ReadonlyMap<string, string>
  readonly problems: readonly Problem[]
  /** What was ignored, each as `name: reason`. */
  readonly warnings: readonly string[]
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function place(tree: Tree, path: string, value: unknown): void {
  const keys = path.split('.')
  const last = keys.pop() ?? path
  let at = tree
  for (const key of keys) {
    const below = at[key]
    const next = isTree(below) ? below : {}
    at[key] = next
    at = next
  }
  at[last] = value
}

/** `upper` over `lower`, key by key; lists and values are taken whole. What is wrong in `lower` stays, so that it is reported. */
export function overlay(lower: unknown, upper: unknown): unknown {
  if (lower === undefined) return upper
  if (!isTree(upper)) return upper === undefined ? lower : upper
  if (!isTree(lower)) return lower
  const merged: Tree = { ...lower }
  for (const [key, value] of Object.entries(upper)) merged[key] = overlay(Object.hasOwn(lower, key) ? lower[key] : undefined, value)
  return merged
}

/** Reads flags by their paths: `{ 'client.ping_interval': '10s' }`. */
export function layerOfFlags(flags: Readonly<Record<string, string>>, { settable }: OptionSet): Layer {
  const tree: Tree = {}
  const origins = new Map<string, string>()
  const problems: Problem[] = []
  for (const [path, text] of Object.entries(flags)) {
    const option = settable.get(path)
    if (option === undefined) problems.push({ path, reason: `unknown key${didYouMean(nearest(path, settable.keys()))}` })
    else place(tree, path, option.read(text))
    origins.set(path, `--${path}`)
  }
  return { tree, origins, problems, warnings: [] }
}

const prefix = 'FANFARE_'
const kubernetes =
  'ignored: Kubernetes sets them in every pod beside a Service whose name begins with "fanfare" (`enableServiceLinks: false` leaves them out)'

/** What Kubernetes sets for a Service, as Docker's links did: `FANFARE_PORT=tcp://10.0.0.1:7400`, `FANFARE_SERVICE_HOST`, `FANFARE_PORT_7400_TCP_ADDR`. */
function isOfKubernetes(name: string, text: string): boolean {
  return (
    /_SERVICE_(?:HOST|PORT(?:_\w+)?)$/.test(name) ||
    /_PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?$/.test(name) ||
    (name.endsWith('_PORT') && /^(?:tcp|udp|sctp):\/\//.test(text))
  )
}

/** Names the file itself, so it is read before the options are. */
export const fileVariable = 'FANFARE_CONFIG'

/**
 * Reads the `FANFARE_*` variables. One that is empty counts as not given, since compose files leave out a value so; where the server would
 * then be another than meant, as without its secrets, it is refused.
 */
export function layerOfEnvironment(env: Readonly<Record<string, string | undefined>>, { settable }: OptionSet): Layer {
  const byVariable = new Map([...settable.values()].map(option => [option.variable ?? '', option]))
  const tree: Tree = {}
  const origins = new Map<string, string>()
  const problems: Problem[] = []
  const ofKubernetes: string[] = []
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith(prefix) || name === fileVariable || text === undefined) continue
    const option = byVariable.get(name)
    if (isOfKubernetes(name, text)) ofKubernetes.push(name)
    if (isOfKubernetes(name, text) || (text === '' && option?.neverEmpty !== true)) continue
    if (option === undefined) {
      problems.push({
        path: name,
        reason:
          insteadOfVariable(name.slice(prefix.length), settable) ??
          `unknown variable${didYouMean(nearest(name, [...byVariable.keys(), fileVariable]))}`,
      })
      continue
    }
    place(tree, option.path, option.read(text))
    origins.set(option.path, name)
  }
  const warnings = ofKubernetes.length === 0 ? [] : [`${ofKubernetes.sort().join(', ')}: ${kubernetes}`]
  return { tree, origins, problems, warnings }
}
