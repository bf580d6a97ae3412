import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** `short` is `npm test`, which tries everything; `long` is `npm run test:long`, which tries some of it far more often. */
export type Length = 'short' | 'long'

/** A file whose name says so has only a long form; one that counts with `rounds` has both. */
const onlyLong = /\.long\.test\.tsx?$/
const counted = /^import \{[^}]*\brounds\b[^}]*\} from '[^']*\/kit\//m

/** The test files of a run, in order; with words, those whose path holds one of them. */
export function filesOf(length: Length, root: string, paths: Iterable<string>, words: readonly string[] = []): string[] {
  const isMeant = (path: string) => words.length === 0 || words.some(word => path.includes(word))
  const isLong = (path: string) => onlyLong.test(path) || counted.test(readFileSync(join(root, path), 'utf8'))
  return [...paths].filter(path => isMeant(path) && (length === 'long' ? isLong(path) : !onlyLong.test(path))).sort()
}
