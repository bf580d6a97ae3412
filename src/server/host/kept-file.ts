import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { z } from 'zod'
import { type Random, randomId } from '../../kit/index.ts'
import { describeIssue } from '../../protocol/index.ts'
import { ConfigError } from '../config/index.ts'

/** Something secret that is made up once and kept. */
export interface Kept<S extends z.ZodType> {
  readonly path: string
  readonly schema: S
  readonly make: () => z.output<S>
  /** What deleting the file leads to: "new secrets". */
  readonly renews: string
  readonly random: Random
}

/**
 * What is kept in the file, made up on the first call. Only the owner may read it. It appears whole or not at all, and of several processes
 * that start at once all get the same.
 * @throws ConfigError where the file cannot be read or written, or is not what was written.
 */
export function openKept<S extends z.ZodType>(kept: Kept<S>): z.output<S> {
  const { path } = kept
  try {
    return readKept(kept) ?? createKept(kept)
  } catch (error) {
    if (error instanceof ConfigError || !(error instanceof Error)) throw error
    throw new ConfigError([`data: ${path} cannot be used: ${error.message}`])
  }
}

/** The contents of the file; undefined if there is none. */
export function readKept<S extends z.ZodType>({
  path,
  schema,
  renews,
}: Pick<Kept<S>, 'path' | 'schema' | 'renews'>): z.output<S> | undefined {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return undefined
  if ((stat.mode & 0o077) !== 0) chmodSync(path, 0o600)
  let content: unknown
  try {
    content = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    // The parser quotes what it read, and that is secret.
    if (error instanceof SyntaxError) throw new ConfigError([`data: ${path} is not JSON; delete it to get ${renews}`])
    throw error
  }
  const read = schema.safeParse(content)
  if (!read.success) throw new ConfigError([`data: ${path}: ${describeIssue(read.error)}; delete the file to get ${renews}`])
  return read.data
}

function createKept<S extends z.ZodType>(kept: Kept<S>): z.output<S> {
  const { path, make, random } = kept
  const made = make()
  mkdirSync(dirname(path), { recursive: true })
  const draft = `${path}.${randomId(random, 8)}`
  try {
    writeFileSync(draft, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600, flag: 'wx' })
    // Unlike a rename, a link never replaces what another process has put there meanwhile.
    linkSync(draft, path)
    return made
  } catch (error) {
    const other = readKept(kept)
    if (other === undefined) throw error
    return other
  } finally {
    // On a full disk it may be there without its content.
    rmSync(draft, { force: true })
  }
}
