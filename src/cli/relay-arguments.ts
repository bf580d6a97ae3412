import type { Config } from '../server/config/index.ts'
import type { Flag } from './arguments.ts'

/** Beside a parent with its own default on the same machine. */
export const relayDefaults = { port: 7410 } as const

/** Short names for options of the configuration, beside all of those. */
export const relayFlags: readonly Flag[] = [{ name: 'node_secret', type: 'secret' }]

/** The flags with the options' own names. */
export function withOptionNames(values: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const secret = values.get('node_secret')
  return secret === undefined ? values : new Map([...values, ['node.secret', secret]])
}

/** What a relay needs beyond a server. */
export function relayProblems({ upstreams }: Config): readonly string[] {
  return upstreams.length > 0
    ? []
    : ['--upstream: missing, expected the address of a parent like "ws://parent:7400", or several, separated by commas']
}
