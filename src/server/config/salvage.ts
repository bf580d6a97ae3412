import type { z } from 'zod'

/** Levels around a wrong option that are given up to find the readable rest. */
const levelsMax = 4

/** The tree without what stands at the path: a default takes its place. */
function without(tree: unknown, path: readonly PropertyKey[]): unknown {
  const [key, ...rest] = path
  if (key === undefined || typeof tree !== 'object' || tree === null) return undefined
  const copy: object = Array.isArray(tree) ? [...tree] : { ...tree }
  if (rest.length === 0) Reflect.deleteProperty(copy, key)
  else Reflect.set(copy, key, without(Reflect.get(copy, key), rest))
  return copy
}

/** The readable rest of a tree with problems, so that problems between options are found in the same run. */
export function salvaged<T>(schema: z.ZodType<T>, tree: unknown): T | undefined {
  let rest = tree
  // Each round takes out what failed, and one level more than the round before where something required is left missing.
  for (let level = 0; level < levelsMax; level++) {
    const read = schema.safeParse(rest)
    if (read.success) return read.data
    for (const { path, ...issue } of read.error.issues) {
      if (issue.code === 'unrecognized_keys') for (const key of issue.keys) rest = without(rest, [...path, key])
      else rest = without(rest, path.slice(0, Math.max(1, path.length - level)))
    }
  }
  return undefined
}
