import { z } from 'zod'
import { type OptionNote, optionNotes, plainNote } from './option.ts'
import { schema } from './schema.ts'
import { rootKeys, rootOf, type ServiceOptions } from './service-options.ts'

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

/** The notes of a wrapper hold for the schema inside. */
interface Around {
  readonly preset?: unknown
  readonly meaning?: string | undefined
}

function* optionsOf(node: z.core.$ZodType, path: string, around: Around = {}): Generator<Option> {
  const meaning = around.meaning ?? z.globalRegistry.get(node)?.description
  if (node instanceof z.ZodPrefault || node instanceof z.ZodDefault)
    return yield* optionsOf(node.def.innerType, path, { preset: node.def.defaultValue, meaning })
  if (node instanceof z.ZodOptional) return yield* optionsOf(node.def.innerType, path, { ...around, meaning })
  const note = optionNotes.get(node) ?? noteOf(node, path, meaning)
  if (note !== undefined) {
    const inItem = path.includes('[]')
    const preset = around.preset === undefined ? note.otherwise : shown(around.preset)
    yield { ...note, path, preset, variable: inItem ? undefined : variableOf(path) }
  }
  if (node instanceof z.ZodArray && node.def.element instanceof z.ZodObject) return yield* optionsOf(node.def.element, `${path}[]`)
  if (!(node instanceof z.ZodObject)) return
  for (const [key, child] of Object.entries(node.def.shape)) yield* optionsOf(child, path === '' ? key : `${path}.${key}`)
}

/** Of an option that is written in plain zod: of services of others. */
function noteOf(node: z.core.$ZodType, path: string, meaning = ''): OptionNote | undefined {
  const note = path === '' || path.endsWith('[]') ? undefined : plainNote(node)
  return note && { ...note, meaning }
}

/** Every option of a server with some services, in the order of the schema: its own first. */
export class OptionSet {
  readonly all: readonly Option[]
  /** The options that flags and variables can give. */
  readonly settable: ReadonlyMap<string, Option>
  readonly #paths: ReadonlySet<string>

  /** @throws Error where two services, or a service and the server itself, have options under one name */
  constructor(readonly services: readonly ServiceOptions[] = []) {
    const taken = new Set(Object.keys(schema.shape))
    for (const key of services.flatMap(rootKeys)) {
      if (taken.has(key)) throw new Error(`options of a service stand under "${key}", which is taken`)
      taken.add(key)
    }
    this.all = [...optionsOf(schema, ''), ...services.flatMap(service => [...optionsOf(rootOf(service), '')])]
    this.settable = new Map(this.all.filter(option => !option.path.includes('[]')).map(option => [option.path, option]))
    this.#paths = new Set(this.all.map(({ path }) => path))
  }

  /** @param path with `[]` for a place in a list */
  has(path: string): boolean {
    return this.#paths.has(path)
  }
}
