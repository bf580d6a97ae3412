import type { Json } from '../kit/index.ts'
import { encodePublication, Publication, push } from '../protocol/index.ts'
import { Frame } from './frame.ts'
import type { Metronome } from './metronome.ts'
import type { Source } from './source.ts'

type Fields = Map<string, { value: Json; version: number }>

/** One key's newest value: its fields with the version that last changed each, or a whole where the data has no fields. */
interface Row {
  version: number
  value: Json
  fields: Fields | undefined
  removed: boolean
  tags: Publication['tags']
}

/** How many removed keys are remembered, so that slow subscribers still learn of the removal. Beyond, the oldest is forgotten. */
const tombstonesMax = 1024

/**
 * Keeps the newest value per key, field by field. A publication updates the fields that it names; `data: null` removes the key.
 * Subscribers get what changed since they last looked: at most one entry per key, changed fields only, encoded once for all who
 * last looked at the same version (market D1, D4).
 */
export class TableSource implements Source {
  version = 0
  readonly #rows = new Map<string | undefined, Row>()
  readonly #frames = new Map<number, Frame>()
  #tombstones = 0

  constructor(
    readonly channel: string,
    readonly metronome: Metronome | undefined,
    /** Whether a publication changes the fields it names, or replaces the whole value of its key. */
    readonly merges: boolean,
  ) {}

  get size(): number {
    return this.#rows.size - this.#tombstones
  }

  has(key: string | undefined): boolean {
    const row = this.#rows.get(key)
    return row !== undefined && !row.removed
  }

  take(publication: Publication): void {
    this.version++
    this.#frames.clear()
    const { key, data, tags } = publication
    const row = this.#rows.get(key)
    // Deleting first keeps the map in order of change, so that the newest are last.
    this.#rows.delete(key)
    if (row?.removed) this.#tombstones--
    if (data === null) this.#bury(key)
    else if (this.merges && isObject(data) && !row?.removed) this.#rows.set(key, this.#merged(row, data, tags))
    else
      this.#rows.set(key, {
        version: this.version,
        value: data,
        fields: this.merges ? this.#fieldsOf(data) : undefined,
        removed: false,
        tags,
      })
  }

  restate(state: readonly Publication[]): void {
    const present = new Set(state.map(publication => publication.key))
    for (const [key, row] of [...this.#rows]) {
      if (!row.removed && !present.has(key)) this.take(new Publication({ data: null, ...(key === undefined ? {} : { key }) }))
    }
    for (const publication of state) this.take(publication)
  }

  newsSince(seen: number): Frame | undefined {
    if (seen >= this.version) return undefined
    let frame = this.#frames.get(seen)
    if (frame === undefined) {
      const messages: string[] = []
      for (const [key, row] of this.#rows) if (row.version > seen) messages.push(this.#encode(key, row, seen))
      frame = new Frame(messages, 'push', messages.length)
      this.#frames.set(seen, frame)
    }
    return frame.messages.length === 0 ? undefined : frame
  }

  snapshot(): readonly Publication[] {
    const publications: Publication[] = []
    for (const [key, row] of this.#rows) {
      if (row.removed) continue
      publications.push(
        new Publication({
          data: wholeOf(row),
          ...(key === undefined ? {} : { key }),
          ...(row.tags === undefined ? {} : { tags: row.tags }),
        }),
      )
    }
    return publications
  }

  /** The whole state as one JSON value: the value itself where nothing has a key, else an object by key. */
  whole(): Json {
    const only = this.#rows.get(undefined)
    if (this.#rows.size === 1 && only !== undefined) return only.removed ? null : wholeOf(only)
    return Object.fromEntries([...this.#rows].filter(([, row]) => !row.removed).map(([key, row]) => [key ?? '', wholeOf(row)]))
  }

  /** A publication that changes nothing leaves the row's version, so nobody is sent an empty change. */
  #merged(row: Row | undefined, data: Readonly<Record<string, Json | undefined>>, tags: Publication['tags']): Row {
    const fields: Fields = row?.fields ?? new Map()
    let { version } = row?.fields === undefined ? this : row
    for (const [name, value] of Object.entries(data)) {
      if (value === undefined) continue
      const field = fields.get(name)
      if (field !== undefined && sameJson(field.value, value)) continue
      fields.set(name, { value, version: this.version })
      version = this.version
    }
    return { version, value: null, fields, removed: false, tags: tags ?? row?.tags }
  }

  #fieldsOf(data: Json): Fields | undefined {
    if (!isObject(data)) return undefined
    return this.#merged(undefined, data, undefined).fields
  }

  #bury(key: string | undefined): void {
    this.#rows.set(key, { version: this.version, value: null, fields: undefined, removed: true, tags: undefined })
    this.#tombstones++
    if (this.#tombstones <= tombstonesMax) return
    for (const [oldest, row] of this.#rows) {
      if (!row.removed) continue
      this.#rows.delete(oldest)
      this.#tombstones--
      return
    }
  }

  #encode(key: string | undefined, row: Row, seen: number): string {
    const data =
      row.fields === undefined
        ? row.value
        : Object.fromEntries([...row.fields].filter(([, field]) => field.version > seen).map(([name, field]) => [name, field.value]))
    const publication = encodePublication(JSON.stringify(data), { offset: 0, key, tags: row.tags, info: undefined })
    return push.encodedPublication(this.channel, row.removed ? `${publication.slice(0, -1)},"removed":true}` : publication)
  }
}

function wholeOf(row: Row): Json {
  return row.fields === undefined ? row.value : Object.fromEntries([...row.fields].map(([name, field]) => [name, field.value]))
}

function isObject(data: Json): data is Readonly<Record<string, Json | undefined>> {
  return typeof data === 'object' && data !== null && !Array.isArray(data)
}

function sameJson(left: Json, right: Json): boolean {
  return left === right || (typeof left === 'object' && typeof right === 'object' && JSON.stringify(left) === JSON.stringify(right))
}
