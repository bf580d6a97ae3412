import { type Field, MapField, Type } from 'protobufjs'
import { type Json, JsonError } from '../kit/index.ts'

/** What the library encodes: the fields of a message by their names. */
export type Fields = Record<string, unknown>

const encoder = new TextEncoder()
/** A mark of byte order is no part of JSON. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A message from its JSON form, in which names are the same. `bytes` become JSON text, or stay bytes where they are; what the schema has not is left out. */
export function toFields(type: Type, json: object): Fields {
  const fields: Fields = {}
  for (const [name, value] of Object.entries(json)) {
    const field = type.fields[name]
    if (field === undefined || value === undefined) continue
    if (field.type === 'bytes') fields[name] = value instanceof Uint8Array ? value : encoder.encode(JSON.stringify(value))
    else if (value !== null) fields[name] = toField(field, value)
  }
  return fields
}

function toField(field: Field, value: unknown): unknown {
  if (field instanceof MapField) {
    const entries = Object.entries(Object(value)).map(([key, item]) => [key.toWellFormed(), toSingle(field, item)])
    return Object.fromEntries(entries)
  }
  return Array.isArray(value) ? value.map(item => toSingle(field, item)) : toSingle(field, value)
}

/** Half a surrogate pair has no form in UTF-8, and decoders refuse what is not UTF-8. */
function toSingle({ resolvedType }: Field, value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed()
  return resolvedType instanceof Type && typeof value === 'object' && value !== null ? toFields(resolvedType, value) : value
}

/**
 * The JSON form of a message that was decoded. Absent is what is empty, as in every encoder of this format.
 * @throws JsonError with the path of `bytes` that are not JSON
 */
export function fromFields(type: Type, fields: object, path = ''): { readonly [name: string]: Json } {
  const json: Record<string, Json> = {}
  for (const [name, value] of Object.entries(fields)) {
    const field = type.fields[name]
    if (field === undefined || (value instanceof Uint8Array && value.length === 0)) continue
    json[name] = fromField(field, value, path === '' ? name : `${path}.${name}`)
  }
  return json
}

function fromField(field: Field, value: unknown, path: string): Json {
  if (Array.isArray(value)) return value.map((item, index) => fromSingle(field, item, `${path}[${index}]`))
  if (!(field instanceof MapField)) return fromSingle(field, value, path)
  return Object.fromEntries(Object.entries(Object(value)).map(([key, item]) => [key, fromSingle(field, item, `${path}.${key}`)]))
}

function fromSingle({ resolvedType }: Field, value: unknown, path: string): Json {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value
  if (value instanceof Uint8Array) return parse(value, path)
  if (resolvedType instanceof Type && typeof value === 'object' && value !== null) return fromFields(resolvedType, value, path)
  throw new JsonError('not of this protocol', path)
}

function parse(bytes: Uint8Array, path: string): Json {
  try {
    return JSON.parse(decoder.decode(bytes))
  } catch {
    throw new JsonError('not valid JSON', path)
  }
}
