import { coreOptions, insteadOf, nearest, nearestPath } from '../server/config/index.ts'

/** A flag that a command takes. */
export interface Flag {
  readonly name: string
  readonly type: string
}

export type Arguments =
  | { readonly kind: 'help' }
  | { readonly kind: 'given'; readonly values: ReadonlyMap<string, string> }
  | { readonly kind: 'wrong'; readonly problems: readonly string[] }

const switchWords = new Set(['true', 'false', 'on', 'off', '1', '0'])

function isSwitch({ type }: Flag): boolean {
  return type === 'true | false' || type === 'on | off'
}

/** Reads `--name value` and `--name=value`; `-` and `_` in names are the same, and a switch alone means on. */
export function parseArguments(args: readonly string[], flags: readonly Flag[]): Arguments {
  if (args.some(arg => arg === '--help' || arg === '-h')) return { kind: 'help' }
  const byName = new Map(flags.map(flag => [flag.name, flag]))
  const values = new Map<string, string>()
  const problems: string[] = []
  const waiting = [...args]
  for (let arg = waiting.shift(); arg !== undefined; arg = waiting.shift()) {
    const [, written, attached] = /^--([^=]+)(?:=(.*))?$/s.exec(arg) ?? []
    if (written === undefined) {
      problems.push(`${arg}: unexpected, options are written --name value`)
      continue
    }
    const flag = byName.get(written.replaceAll('-', '_'))
    if (flag === undefined) {
      problems.push(unknownOption(written, [...byName.keys()]))
      if (attached === undefined && waiting[0]?.startsWith('-') === false) waiting.shift()
      continue
    }
    const value = attached ?? valueFrom(waiting, flag)
    if (value === undefined) problems.push(`--${flag.name}: a value is missing, expected ${flag.type}`)
    else if (values.has(flag.name)) problems.push(`--${flag.name}: given twice`)
    else values.set(flag.name, value)
  }
  return problems.length > 0 ? { kind: 'wrong', problems } : { kind: 'given', values }
}

function valueFrom(waiting: string[], flag: Flag): string | undefined {
  const next = waiting[0]
  if (isSwitch(flag)) return next !== undefined && switchWords.has(next) ? waiting.shift() : 'true'
  return next === undefined || next.startsWith('--') ? undefined : waiting.shift()
}

function unknownOption(written: string, names: readonly string[]): string {
  const word = written.replaceAll('-', '_')
  const instead = insteadOf(word, coreOptions)
  if (instead !== undefined) return `--${written}: ${instead}`
  const meant = nearest(word, names) ?? nearestPath(word, names)
  return `--${written}: unknown option${meant === undefined ? '' : `, did you mean "--${meant}"?`}`
}
