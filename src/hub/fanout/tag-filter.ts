import { CommandError, errors, type FilterNode, type Publication } from '../../protocol/index.ts'
import type { Limits } from '../limits.ts'
import { compareDecimals, isDecimal } from './decimal.ts'

type Tags = Readonly<Record<string, string>>
type Predicate = (tags: Tags) => boolean

const none: Tags = {}

/** A subscriber's filter by tags. Subscribers with the same filter share one, so that a publication is tried once for all of them. */
export class TagFilter {
  /** Subscriptions that have it. */
  users = 0
  #latest: Publication | undefined
  #passed = false

  constructor(
    /** The same for the same filter. */
    readonly key: string,
    readonly predicate: Predicate,
  ) {}

  passes(publication: Publication): boolean {
    if (this.#latest !== publication) {
      this.#passed = this.predicate(publication.tags ?? none)
      this.#latest = publication
    }
    return this.#passed
  }
}

/** A channel's filters, each as long as a subscription has it. */
export class TagFilters {
  readonly #byKey = new Map<string, TagFilter>()

  /** The one that is there already, where it asks for the same. */
  take(filter: TagFilter): TagFilter {
    const shared = this.#byKey.get(filter.key) ?? filter
    if (shared.users++ === 0) this.#byKey.set(shared.key, shared)
    return shared
  }

  /** Whether nobody has it any more. */
  release(filter: TagFilter): boolean {
    if (--filter.users > 0) return false
    this.#byKey.delete(filter.key)
    return true
  }
}

/**
 * Reads what a client sent, with the meaning that Centrifugo gives it: a tag that is absent is like none of `eq`, `sw`, `ew`, `ct` and the
 * numbers, unlike everything for `neq`, and the empty text for `in` and `nin`; numbers are decimal and exact, and what is none compares with nothing.
 * @throws CommandError 107 with the path
 */
export function readTagFilter(node: FilterNode, path: string, bounds: Limits['tagFilter']): TagFilter {
  return new TagFilter(keyOf(node), new FilterReader(bounds).read(node, path, 1))
}

/** The same for what is the same, whatever it was sent with. */
function keyOf({ op = '', key = '', cmp = '', val = '', vals = [], nodes = [] }: FilterNode): string {
  return op === '' ? JSON.stringify([cmp, key, val, ...vals]) : `${op}(${nodes.map(keyOf).join(',')})`
}

class FilterReader {
  #nodes = 0
  #values = 0

  constructor(readonly bounds: Limits['tagFilter']) {}

  read(node: FilterNode, path: string, depth: number): Predicate {
    const { nodesMax, depthMax } = this.bounds
    if (++this.#nodes > nodesMax) refuse(path, `more than ${nodesMax} nodes`)
    if (depth > depthMax) refuse(path, `nested deeper than ${depthMax}`)
    const { op = '', nodes = [] } = node
    if (op === '') return this.#comparison(node, path)
    if (op !== 'and' && op !== 'or' && op !== 'not') return refuse(`${path}.op`, `expected "and", "or", "not" or none, not "${op}"`)
    if (nodes.length === 0) return refuse(`${path}.nodes`, `"${op}" needs at least one`)
    const below = nodes.map((child, index) => this.read(child, `${path}.nodes[${index}]`, depth + 1))
    if (op === 'and') return tags => below.every(matches => matches(tags))
    if (op === 'or') return tags => below.some(matches => matches(tags))
    const [only] = below
    if (below.length > 1 || only === undefined) return refuse(`${path}.nodes`, '"not" needs exactly one')
    return tags => !only(tags)
  }

  #comparison({ key = '', cmp = '', val = '', vals = [] }: FilterNode, path: string): Predicate {
    const { valuesMax } = this.bounds
    this.#values += vals.length
    if (this.#values > valuesMax) refuse(`${path}.vals`, `more than ${valuesMax} values`)
    if (cmp === '') refuse(`${path}.cmp`, 'missing')
    const takes = operandOf(cmp)
    if (takes === undefined) return refuse(`${path}.cmp`, `"${cmp}" is no comparison`)
    if (takes !== 'nothing' && key === '') refuse(`${path}.key`, 'missing')
    if (takes === 'val' && val === '') refuse(`${path}.val`, 'missing')
    if (takes === 'vals' && vals.length === 0) refuse(`${path}.vals`, 'missing')
    if (takes !== 'val' && val !== '') refuse(`${path}.val`, `"${cmp}" takes none`)
    if (takes !== 'vals' && vals.length > 0) refuse(`${path}.vals`, `"${cmp}" takes none`)
    return takes === 'val' ? valueComparison(key, cmp, val) : setComparison(key, cmp, new Set(vals))
  }
}

function setComparison(key: string, cmp: string, vals: ReadonlySet<string>): Predicate {
  if (cmp === 'ex') return tags => tagOf(tags, key) !== undefined
  if (cmp === 'nex') return tags => tagOf(tags, key) === undefined
  return cmp === 'in' ? tags => vals.has(tagOf(tags, key) ?? '') : tags => !vals.has(tagOf(tags, key) ?? '')
}

const textual: Readonly<Record<string, (tag: string, val: string) => boolean>> = {
  eq: (tag, val) => tag === val,
  sw: (tag, val) => tag.startsWith(val),
  ew: (tag, val) => tag.endsWith(val),
  ct: (tag, val) => tag.includes(val),
}

const numeric: Readonly<Record<string, (order: number) => boolean>> = {
  lt: order => order < 0,
  lte: order => order <= 0,
  gt: order => order > 0,
  gte: order => order >= 0,
}

/** The operand that a comparison needs; undefined for an unknown one. */
function operandOf(cmp: string): 'val' | 'vals' | 'nothing' | undefined {
  if (cmp === 'ex' || cmp === 'nex') return 'nothing'
  if (cmp === 'in' || cmp === 'nin') return 'vals'
  return cmp === 'neq' || Object.hasOwn(textual, cmp) || Object.hasOwn(numeric, cmp) ? 'val' : undefined
}

function valueComparison(key: string, cmp: string, val: string): Predicate {
  if (cmp === 'neq') return tags => tagOf(tags, key) !== val
  const like = textual[cmp]
  if (like !== undefined) {
    return tags => {
      const tag = tagOf(tags, key)
      return tag !== undefined && like(tag, val)
    }
  }
  const holds = numeric[cmp]
  // A text that is no number compares with nothing.
  if (holds === undefined || !isDecimal(val)) return () => false
  return tags => {
    const tag = tagOf(tags, key)
    return tag !== undefined && isDecimal(tag) && holds(compareDecimals(tag, val))
  }
}

function tagOf(tags: Tags, key: string): string | undefined {
  return Object.hasOwn(tags, key) ? tags[key] : undefined
}

function refuse(path: string, reason: string): never {
  throw new CommandError(errors.badRequest, `${path}: ${reason}`)
}
