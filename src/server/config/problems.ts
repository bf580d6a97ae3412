import type { z } from 'zod'
import type { OptionSet } from './catalogue.ts'
import { insteadOf } from './centrifugo-options.ts'
import { didYouMean, nearest, nearestPath } from './nearest.ts'

/** A problem with one option. */
export interface Problem {
  /** `channel.namespaces[2].history_ttl`; '' for the configuration as a whole. */
  readonly path: string
  readonly reason: string
}

function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => (typeof part === 'number' ? `${text}[${part}]` : joined(text, String(part))), '')
}

/** A key that no option could have stands in quotes, so that a problem stays one line. */
function joined(path: string, key: string): string {
  const shown = /^[\w-]+$/.test(key) ? key : JSON.stringify(key)
  return path === '' ? shown : `${path}.${shown}`
}

/** The keys that the schema knows below a path. */
function keysBelow(path: string, { all }: OptionSet): ReadonlySet<string> {
  const start = path === '' ? '' : `${path.replaceAll(/\[\d+\]/g, '[]')}.`
  const below = all.filter(option => option.path.startsWith(start)).map(option => option.path.slice(start.length))
  return new Set(below.map(rest => rest.split(/[.[]/, 1).join('')))
}

function unknownKey(path: string, key: string, options: OptionSet): Problem {
  const meant = nearest(key, keysBelow(path, options)) ?? nearestPath(key, [...options.settable.keys()])
  return { path: joined(path, key), reason: `unknown key${didYouMean(meant)}` }
}

/** All that a schema found, in its order. */
export function problemsOf(error: z.ZodError, options: OptionSet): Problem[] {
  return error.issues.flatMap(issue => {
    const path = pathText(issue.path)
    if (issue.code === 'unrecognized_keys') return issue.keys.map(key => unknownKey(path, key, options))
    return [{ path, reason: issue.message }]
  })
}

/** Options of Centrifugo in what was given, each at its own path. */
export function foreignProblems(tree: unknown, options: OptionSet): Problem[] {
  return leavesOf(tree, []).flatMap(path => {
    const text = pathText(path)
    const reason = insteadOf(text.replaceAll(/\[\d+\]/g, '[]'), options)
    return reason === undefined ? [] : [{ path: text, reason }]
  })
}

/** How deep options may nest, and how many are read: the input may be anything. */
const depthMax = 12

function leavesOf(value: unknown, path: readonly PropertyKey[]): (readonly PropertyKey[])[] {
  if (typeof value !== 'object' || value === null || path.length > depthMax) return [path]
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value)
  return entries.length === 0 ? [path] : entries.flatMap(([key, item]) => leavesOf(item, [...path, key]))
}

/** The problems without those that say less than one of `foreign` does of the same option. */
export function withForeign(problems: readonly Problem[], foreign: readonly Problem[]): Problem[] {
  const isSaid = ({ path }: Problem) =>
    foreign.some(other => other.path === path || other.path.startsWith(`${path}.`) || other.path.startsWith(`${path}[`))
  return [...foreign, ...problems.filter(problem => !isSaid(problem))]
}
