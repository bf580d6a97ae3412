import { type Logger, pino } from 'pino'
import type { Log } from '../../hub/index.ts'
import type { Config } from '../config/index.ts'

export interface LogOptions {
  readonly level: Config['log']['level']
  /** `pretty` for people, one line an event; `json` for machines. */
  readonly format: 'pretty' | 'json'
  readonly color: boolean
  /** Takes one line, with its end. */
  readonly write: (line: string) => void
}

/** The form a configuration asks for, given where the lines go. */
export function logFormat({ log, development }: Pick<Config, 'log' | 'development'>, isTerminal: boolean): LogOptions['format'] {
  if (log.format !== 'auto') return log.format
  return isTerminal || development ? 'pretty' : 'json'
}

/** Structured log on pino. What looks like a secret never leaves it, whoever logged it by mistake. */
export function createLog({ level, format, color, write }: LogOptions): Log {
  const line = format === 'json' ? write : (text: string) => write(prettyLine(text, color))
  const logger = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: label => ({ level: label }) } },
    { write: line },
  )
  return {
    debug: at(logger, 'debug'),
    info: at(logger, 'info'),
    warn: at(logger, 'warn'),
    error: at(logger, 'error'),
  }
}

function at(logger: Logger, level: LogOptions['level']) {
  return (fields: object, message: string) => {
    if (logger.isLevelEnabled(level)) logger[level](censor(fields, 0), scrub(message))
  }
}

const secretKey = /token|secret|authorization|cookie|password|^(x[-_])?api[-_]?key$|^key$/i
const hidden = '[hidden]'
/** JWT anywhere in a text; a password in a URL; a secret in a query, a header or an assignment. */
const secretTexts: readonly [RegExp, string][] = [
  // Each run of letters is looked at once, however often it says eyJ.
  [/(?<![\w-])(?=[\w-]*eyJ)[\w-]+\.[\w-]+\.[\w-]*/g, hidden],
  [/(:\/\/[^\s:@/]*:)[^\s@/]+(?=@)/g, `$1${hidden}`],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, `$1 ${hidden}`],
  [/((?:token|secret|api[-_]?key|password|authorization)["']?\s*[=:]\s*["']?)(?!\[hidden|Bearer|Basic)[^\s&"',;]+/gi, `$1${hidden}`],
]

/** Characters of one text in a line. Longer ones are what a stranger sent, inside an error. */
const textMax = 16_384

function scrub(text: string): string {
  return secretTexts.reduce((rest, [pattern, replacement]) => rest.replace(pattern, replacement), cut(text))
}

/** Cut between words: half a secret would not be known for one. */
function cut(text: string): string {
  if (text.length <= textMax) return text
  const end = Math.max(text.lastIndexOf(' ', textMax), text.lastIndexOf('\n', textMax)) + 1
  return `${text.slice(0, end)}…`
}

function isSecret(key: string, value: unknown): boolean {
  return secretKey.test(key) && (typeof value === 'string' || typeof value === 'object')
}

const depthMax = 6

function censor(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return scrub(value)
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return value
  if (depth >= depthMax) return '…'
  if (value instanceof Error) return { type: value.name, message: scrub(value.message), stack: scrub(value.stack ?? '') }
  if (Array.isArray(value)) return value.map(item => censor(item, depth + 1))
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, isSecret(key, item) ? hidden : censor(item, depth + 1)]))
}

const colors: Readonly<Record<string, string>> = { debug: '\x1b[2m', info: '\x1b[36m', warn: '\x1b[33m', error: '\x1b[31m' }
const dim = '\x1b[2m'
const reset = '\x1b[0m'

/** `12:00:01.250 info  listening  port=7400`; an error's stack follows on lines of its own. */
function prettyLine(text: string, color: boolean): string {
  const { level, time, msg, ...fields }: Record<string, unknown> = JSON.parse(text)
  const paint = (code: string | undefined, part: string) => (color && code !== undefined ? code + part + reset : part)
  const stacks: string[] = []
  const shown = Object.entries(fields).map(([key, value]) => {
    const stack = stackOf(value)
    if (stack !== undefined) stacks.push(stack)
    return `${key}=${stack === undefined ? plain(value) : plain(Reflect.get(Object(value), 'message'))}`
  })
  const label = String(level)
  const head = `${paint(dim, String(time).slice(11, 23))} ${paint(colors[label], label.padEnd(5))} ${oneLine(String(msg))}`
  const tail = shown.length === 0 ? '' : `  ${paint(dim, shown.join(' '))}`
  return `${head}${tail}\n${stacks.map(stack => `${paint(dim, stack.replaceAll(/^/gm, '    '))}\n`).join('')}`
}

function stackOf(value: unknown): string | undefined {
  const stack: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'stack') : undefined
  return typeof stack === 'string' && stack !== '' ? stack : undefined
}

function plain(value: unknown): string {
  return typeof value === 'string' && /^[\w.:/@#-]+$/.test(value) ? value : JSON.stringify(value)
}

/** A stranger's text must not begin a line of its own, nor move the cursor of a terminal. */
function oneLine(text: string): string {
  return text.replaceAll(/[\x00-\x1f\x7f]/g, ' ')
}

/** The output of a server's log unless its program takes it. */
export function logOfProcess(config: Config): Log {
  const isTerminal = process.stdout.isTTY === true
  return createLog({
    level: config.log.level,
    format: logFormat(config, isTerminal),
    color: isTerminal,
    write: line => process.stdout.write(line),
  })
}
