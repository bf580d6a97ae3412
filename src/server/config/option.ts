import { z } from 'zod'
import { formatDuration, parseDuration } from '../../kit/index.ts'

/** The notes of an option beside its schema: for `--help`, the documentation, and reading it from a flag or a variable. */
export interface OptionNote {
  /** As shown to people: `duration`, `integer`, `on | off`. */
  readonly type: string
  readonly meaning: string
  /** Its value is never shown, not even in an error. */
  readonly secret?: true
  /** An empty variable is refused: without a value the server would be more open, or another one, than whoever set it believes. */
  readonly neverEmpty?: true
  /**
   * The secret is chosen by whoever operates the server and must not be guessed: one that signs needs as many bytes as the hash has, one that
   * is shown needs fewer.
   */
  readonly guards?: 'signing' | 'shown'
  /** The default in words, where it follows from other options. */
  readonly otherwise?: string
  /** Turns the text of a flag or variable into what the schema takes; text that cannot be turned is left as it is, for the schema to refuse. */
  readonly read: (text: string) => unknown
}

export const optionNotes = z.registry<OptionNote>()

const shownMax = 80

/** A value inside an error message: as JSON, cut where it is long. */
function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > shownMax ? `${text.slice(0, shownMax)}…` : text
}

export function refusal(phrase: string, value: unknown, secret = false): string {
  if (value === undefined) return `missing, expected ${phrase}`
  return `expected ${phrase}, got ${secret && value !== '' ? 'a value that is not shown' : show(value)}`
}

/** The `error` of a schema whose every failure means: not what was expected. */
export function expects(phrase: string, secret = false) {
  return { error: (issue: { readonly input?: unknown }) => refusal(phrase, issue.input, secret) }
}

const asIs = (text: string) => text
const asNumber = (text: string) => (/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text)
const switches = new Map([
  ...['true', 'on', '1'].map(word => [word, true] as const),
  ...['false', 'off', '0'].map(word => [word, false] as const),
])
const asBoolean = (text: string) => switches.get(text) ?? text

/** JSON where the text begins like it, or else a comma-separated list. */
function asList(text: string): unknown {
  if (text.startsWith('[')) return asJson(text)
  return text.split(',').map(item => item.trim())
}

export function asJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** What is known of a plain zod schema, as services of others write their options; undefined for one that holds options itself. */
export function plainNote(schema: z.core.$ZodType): Omit<OptionNote, 'meaning'> | undefined {
  if (schema instanceof z.ZodObject) return undefined
  if (schema instanceof z.ZodBoolean) return { type: 'true | false', read: asBoolean }
  if (schema instanceof z.ZodNumber) return { type: schema.format === null ? 'number' : 'integer', read: asNumber }
  if (schema instanceof z.ZodString) return { type: 'text', read: asIs }
  if (schema instanceof z.ZodEnum) return { type: typeOf(schema.options.map(String)), read: asIs }
  if (schema instanceof z.ZodArray && schema.element instanceof z.ZodString) return { type: 'list', read: asList }
  return { type: 'JSON', read: asJson }
}

interface TextOptions {
  readonly phrase?: string
  readonly pattern?: RegExp
  readonly secret?: true
  readonly guards?: 'signing' | 'shown'
  readonly neverEmpty?: true
  readonly type?: string
  readonly otherwise?: string
}

/** A text, required unless it is made optional or given a default. */
export function text(meaning: string, options: TextOptions = {}) {
  const { phrase = 'a text that is not empty', pattern = /./s, type = 'text', ...rest } = options
  const says = expects(phrase, options.secret)
  return z
    .string(says)
    .max(8192, says)
    .regex(pattern, says)
    .register(optionNotes, { type, meaning, read: asIs, ...rest })
}

export function secretText(meaning: string, otherwise: string, guards?: 'signing' | 'shown') {
  const guarding = guards === undefined ? {} : { guards }
  return text(meaning, { secret: true, neverEmpty: true, pattern: /\S/, type: 'secret', otherwise, ...guarding }).optional()
}

function integerBetween(meaning: string, min: number, max: number, otherwise: { otherwise?: string } = {}) {
  const says = expects(`an integer from ${min} to ${max}`)
  return z
    .int(says)
    .min(min, says)
    .max(max, says)
    .register(optionNotes, { type: 'integer', meaning, read: asNumber, ...otherwise })
}

/** An integer without a default. */
export function optionalInteger(meaning: string, min: number, max: number, otherwise: string) {
  return integerBetween(meaning, min, max, { otherwise }).optional()
}

export function integer(meaning: string, preset: number, min: number, max = 2 ** 31 - 1) {
  return integerBetween(meaning, min, max).prefault(preset)
}

export function flag(meaning: string, preset = false) {
  return z.boolean(expects('true or false')).register(optionNotes, { type: 'true | false', meaning, read: asBoolean }).prefault(preset)
}

/** A switch whose default follows from other options. */
export function optionalOnOff(meaning: string, otherwise: string) {
  return z
    .union([z.boolean(), z.enum(['on', 'off'])], expects('"on" or "off"'))
    .transform(value => value === true || value === 'on')
    .register(optionNotes, { type: 'on | off', meaning, read: asBoolean, otherwise })
    .optional()
}

/** The words themselves, where they fit a column; longer lists are told by the meaning. */
function typeOf(values: readonly string[]): string {
  const all = values.join(' | ')
  return all.length <= 32 ? all : 'choice'
}

export function choice<const T extends string>(meaning: string, values: readonly [T, ...T[]], preset: NoInfer<T>) {
  const quoted = values.map(value => `"${value}"`)
  const phrase = `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`
  return z
    .enum(values, expects(phrase))
    .register(optionNotes, { type: typeOf(values), meaning, read: asIs })
    .prefault(preset)
}

interface DurationOptions {
  readonly minMs?: number
  /** A timer of the runtime holds at most 2^31 - 1 ms, so that is the most where nothing else is said. */
  readonly maxMs?: number
  readonly otherwise?: string
}

const timerMaxMs = 24 * 86_400_000

/** A duration without a default, in milliseconds once it is read. */
export function optionalDuration(meaning: string, options: DurationOptions = {}) {
  const { minMs = 0, maxMs = timerMaxMs, ...rest } = options
  return z
    .string(expects('a duration like "30s"'))
    .transform((value, context) => {
      const ms = parseDuration(value)
      if (ms !== undefined && ms >= minMs && ms <= maxMs) return ms
      const phrase = ms === undefined ? 'a duration like "30s"' : `${formatDuration(minMs)} to ${formatDuration(maxMs)}`
      context.addIssue({ code: 'custom', message: refusal(phrase, value) })
      return z.NEVER
    })
    .register(optionNotes, { type: 'duration', meaning, read: asIs, ...rest })
    .optional()
}

export function duration(meaning: string, preset: string, options: DurationOptions = {}) {
  return optionalDuration(meaning, options).unwrap().prefault(preset)
}

export function list<T extends z.ZodType>(
  meaning: string,
  item: T,
  phrase: string,
  rest: Pick<OptionNote, 'neverEmpty' | 'otherwise'> = {},
) {
  return z.array(item, expects(`a list of ${phrase}`)).register(optionNotes, { type: `list of ${phrase}`, meaning, read: asList, ...rest })
}

/** A group of options: any other key is refused. */
export function group<T extends z.ZodRawShape>(shape: T) {
  return z.strictObject(shape, expects('an object'))
}

/** What services write their options with: each has a meaning, and a default where it is not optional. */
export const option = { choice, duration, flag, group, integer, list, optionalDuration, optionalInteger, secretText, text }
