import { readFileSync } from 'node:fs'
import type { Config } from '../config/index.ts'

/**
 * Files that a process has open beside its clients: the store, its log, links to other nodes, hooks, pages that are being fetched, and
 * connections that are just being told that there is no room.
 */
const reservedFiles = 128
/** Of all files, for what grows with the number of clients: connections that come and go between two turns. */
const reservedPercent = 2
/** Below this many clients a limit is more likely forgotten than meant. */
const clientsExpected = 10_000

/** How many sessions the process can hold: `files - 128 - files x 2 %`. The runtime has raised its own limit as far as it may. */
export function sessionsOf(files: number): number {
  return Math.max(1, Math.floor(files - reservedFiles - (files * reservedPercent) / 100))
}

/** Files that this process may have open; undefined where there is no limit, or none that can be read. */
export function openFilesMax(): number | undefined {
  if (process.platform !== 'linux') return undefined
  try {
    const [, soft] = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    return soft === undefined || soft === 'unlimited' ? undefined : Number(soft)
  } catch {
    return undefined
  }
}

/**
 * The configuration with no more sessions than there may be files for: the system would let connections beyond hang, and everything else
 * with them. With it, they are answered 503 and told when to come back.
 */
export function withinOpenFiles(config: Config, files: number | undefined = openFilesMax()): Config {
  const sessionsMax = files === undefined ? config.limits.sessionsMax : Math.min(config.limits.sessionsMax, sessionsOf(files))
  if (sessionsMax === config.limits.sessionsMax) return config
  const warnings = sessionsMax < clientsExpected ? [...config.warnings, warningOf(config, files ?? 0, sessionsMax)] : config.warnings
  return { ...config, warnings, limits: { ...config.limits, sessionsMax } }
}

function warningOf({ limits }: Config, files: number, sessionsMax: number): string {
  return [
    `client.connection_limit: this process may have ${files} files open, so it takes ${sessionsMax} sessions`,
    `(${files} - ${reservedFiles} - ${reservedPercent} %) and not ${limits.sessionsMax}: beyond, clients get 503;`,
    'raise the limit with `ulimit -n` or LimitNOFILE, or add `workers`',
  ].join(' ')
}
