/** Ends the process's current work when something that must hold does not: a broken invariant is a bug, never an input error. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${message}`)
}

/** Marks the branch that a complete switch never reaches; a new case that is not handled fails the type check here. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`)
}
