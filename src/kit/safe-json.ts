/** A value that JSON can carry. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined }

export interface JsonBounds {
  /** How deeply arrays and objects may nest. */
  readonly depthMax: number
  /** How many keys one object may have. */
  readonly keysMax: number
  /** How many items one array may have. */
  readonly itemsMax: number
}

/** Why a text was refused as JSON; `path` says where, when it parsed at all. */
export class JsonError extends Error {
  constructor(
    message: string,
    readonly path = '',
  ) {
    super(path === '' ? message : `${path}: ${message}`)
  }
}

/**
 * Parses what a stranger sent. `__proto__`, `constructor` and `prototype` are refused as keys, so that no later merge of the value
 * can reach a prototype; depth, keys and items are bounded.
 * @throws JsonError
 */
export function parseJson(text: string, bounds: JsonBounds): Json {
  let value: Json
  try {
    value = JSON.parse(text)
  } catch {
    throw new JsonError('not valid JSON')
  }
  const problem = jsonProblem(value, bounds)
  if (problem !== undefined) throw problem
  return value
}

/** The first thing in a stranger's parsed value that is not allowed; for callers that need the rest of the value to answer. */
export function jsonProblem(value: Json, bounds: JsonBounds): JsonError | undefined {
  try {
    checkJson(value, bounds, '', 0)
    return undefined
  } catch (error) {
    if (error instanceof JsonError) return error
    throw error
  }
}

function checkJson(value: Json, bounds: JsonBounds, path: string, depth: number): void {
  if (isEndless(value)) throw new JsonError('the number is too large', path)
  if (typeof value !== 'object' || value === null) return
  if (depth >= bounds.depthMax) throw new JsonError(`nested deeper than ${bounds.depthMax}`, path)
  if (Array.isArray(value)) {
    if (value.length > bounds.itemsMax) throw new JsonError(`more than ${bounds.itemsMax} items`, path)
    for (const [index, item] of value.entries())
      if (typeof item === 'object' || isEndless(item)) checkJson(item, bounds, `${path}[${index}]`, depth + 1)
    return
  }
  const keys = Object.keys(value)
  if (keys.length > bounds.keysMax) throw new JsonError(`more than ${bounds.keysMax} keys`, path)
  for (const key of keys) checkKey(key, value, bounds, path, depth)
}

/** The value of `1e999`, which JSON could only pass on as `null`. */
function isEndless(value: Json): boolean {
  return typeof value === 'number' && (value > Number.MAX_VALUE || value < -Number.MAX_VALUE)
}

function checkKey(key: string, owner: object, bounds: JsonBounds, path: string, depth: number): void {
  if (key === '__proto__' || key === 'constructor' || key === 'prototype') throw new JsonError(`the key "${key}" is not allowed`, path)
  const child: Json = Reflect.get(owner, key)
  if ((typeof child === 'object' && child !== null) || isEndless(child))
    checkJson(child, bounds, path === '' ? key : `${path}.${key}`, depth + 1)
}
