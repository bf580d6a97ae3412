import { z } from 'zod'
import { type OptionNote, optionNotes } from './option.ts'
import { schema } from './schema.ts'

/** One option, as `--help` and the documentation list it. */
export interface Option extends OptionNote {
  /** `client.ping_interval`; options of list items have `[]` in it and neither flag nor variable. */
  readonly path: string
  /** The default, in the form one would write it; undefined where the option is required. */
  readonly preset: string | undefined
  /** The environment variable, or undefined for options of list items. */
  readonly variable: string | undefined
}

const prefix = 'FANFARE_'

function variableOf(path: string): string {
  return prefix + path.replaceAll('.', '_').toUpperCase()
}

function shown(preset: unknown): string {
  return typeof preset === 'string' ? preset : JSON.stringify(preset)
}

function* optionsOf(node: z.core.$ZodType, path: string, preset?: unknown): Generator<Option> {
  if (node instanceof z.ZodPrefault) return yield* optionsOf(node.def.innerType, path, node.def.defaultValue)
  if (node instanceof z.ZodOptional) return yield* optionsOf(node.def.innerType, path, preset)
  const note = optionNotes.get(node)
  if (note !== undefined) {
    const inItem = path.includes('[]')
    yield { ...note, path, preset: preset === undefined ? note.otherwise : shown(preset), variable: inItem ? undefined : variableOf(path) }
  }
  if (node instanceof z.ZodArray && node.def.element instanceof z.ZodObject) return yield* optionsOf(node.def.element, `${path}[]`)
  if (!(node instanceof z.ZodObject)) return
  for (const [key, child] of Object.entries(node.def.shape)) yield* optionsOf(child, path === '' ? key : `${path}.${key}`)
}

/** Every option there is, in the order of the schema. */
export const catalogue: readonly Option[] = [...optionsOf(schema, '')]

/** The options that flags and variables can give. */
export const settable: ReadonlyMap<string, Option> = new Map(
  catalogue.filter(option => !option.path.includes('[]')).map(option => [option.path, option]),
)
