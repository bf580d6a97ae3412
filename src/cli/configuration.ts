import { readFileSync } from 'node:fs'
import { type ConfigInput, fileVariable, type Resolution, resolveConfig } from '../server/config/index.ts'
import type { Flag } from './arguments.ts'
import { readJsonWithComments } from './read-json.ts'
import { options } from './shipped.ts'

const configFlag: Flag = { name: 'config', type: 'file' }

/** A flag for every option, and the one that names the configuration file. */
export const configurationFlags: readonly Flag[] = [
  configFlag,
  ...[...options.settable.values()].map(({ path, type }) => ({ name: path, type })),
]

/** Reads the configuration from flags, `FANFARE_*` variables and the file that one of them names. Values that are no options are passed over. */
export function readConfiguration(
  values: ReadonlyMap<string, string>,
  env: Readonly<Record<string, string | undefined>>,
  defaults: ConfigInput = {},
): Resolution {
  const file = readFile(values.get(configFlag.name) ?? env[fileVariable])
  if (!file.ok) return { ok: false, problems: [file.problem] }
  const flags = Object.fromEntries([...values].filter(([name]) => options.settable.has(name)))
  return resolveConfig({ flags, env, file: file.content, defaults, options })
}

function readFile(path: string | undefined): { ok: true; content: unknown } | { ok: false; problem: string } {
  if (path === undefined) return { ok: true, content: undefined }
  // Secrets may stand in it, without which the server would be an open one.
  if (path === '') return { ok: false, problem: `config: expected the path of a file, got "" (from --config or ${fileVariable})` }
  try {
    // Some editors begin a file with a byte order mark, of which JSON knows nothing.
    const text = readFileSync(path, 'utf8').replace(/^\uFEFF/, '')
    const read = readJsonWithComments(text)
    if (read.ok) return read
    return { ok: false, problem: `${path}: not valid JSON: line ${read.line}, column ${read.column}: expected ${read.expected}` }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return { ok: false, problem: `${path}: cannot be read: ${error.message}` }
  }
}
