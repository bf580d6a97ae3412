import type { Json } from '../../../kit/index.ts'
import { encodePublication, Publication, push } from '../../../protocol/index.ts'
import { Frame } from '../../fanout/frame.ts'
import type { Pacer } from './pacer.ts'
import type { StateRow, StateStore } from './state-store.ts'

type Fields = Map<string, { value: Json; version: number }>

/** One key's newest value: its fields with the version that last changed each, or a whole where the data has no fields. */
interface Row {
  readonly version: number
  readonly value: Json
  readonly fields: Fields | undefined
  readonly removed: boolean
  /** The version at which the value began anew, after a removal or a value of another kind; 0 where nothing was before. */
  readonly anewAt: number
  readonly tags: Publication['tags']
  readonly lane: Publication['lane']
  readonly time: number
}

/** How many removed keys are remembered, so that slow subscribers still learn of the removal. Beyond, the oldest is forgotten. */
const tombstonesMax = 1024

/**
 * Keeps the newest value per key, field by field. A publication updates the fields that it names; `data: null` removes the key.
 * Subscribers get what changed since they last looked: at most one entry per key, changed fields only, encoded once for all who
 * last looked at the same version (U20, U21).
 */
export class KeyedState implements StateStore {
  version = 0
  readonly #rows = new Map<string | undefined, Row>()
  readonly #frames = new Map<number, Frame>()
  #tombstones = 0
  #hasForgotten = false

  constructor(
    readonly channel: string,
    readonly pacer: Pacer | undefined,
    /** Whether a publication changes the fields it names, or replaces the whole value of its key. */
    readonly merges: boolean,
  ) {}

  get size(): number {
    return this.#rows.size - this.#tombstones
  }

  hasRoomFor(key: string | undefined, keysMax: number): boolean {
    if (this.size < keysMax) return true
    const row = this.#rows.get(key)
    return row !== undefined && !row.removed
  }

  take(publication: Publication): void {
    this.version++
    this.#frames.clear()
    const { key } = publication
    const before = this.#rows.get(key)
    // Deleting first keeps the map in order of change, so that the newest are last.
    this.#rows.delete(key)
    if (before?.removed) this.#tombstones--
    const row = this.#rowOf(before, publication)
    this.#rows.set(key, row)
    if (row.removed) this.#bury()
  }

  /** Values that have not changed are left alone, so that nobody is sent them again. */
  replaceState(state: readonly Publication[]): void {
    const present = new Set(state.map(({ key }) => key))
    for (const [key, row] of [...this.#rows]) if (!row.removed && !present.has(key)) this.take(removalOf(key))
    for (const publication of state) {
      const row = this.#rows.get(publication.key)
      if (row !== undefined && !row.removed && sameValue(wholeOf(row), publication.data)) continue
      if (row?.fields !== undefined && !isCovered(row.fields, publication.data)) this.take(removalOf(publication.key))
      this.take(publication)
    }
  }

  newsSince(seen: number): Frame | undefined {
    if (seen >= this.version) return undefined
    let frame = this.#frames.get(seen)
    if (frame === undefined) {
      const messages: string[] = []
      for (const [key, row] of this.#rows) {
        if (row.version <= seen) continue
        // A subscriber that still holds the earlier value must not take this for a change of it.
        if (row.anewAt > seen && !row.removed) messages.push(this.#encodeRemoval(key))
        messages.push(row.removed ? this.#encodeRemoval(key) : this.#encode(key, row, seen))
      }
      frame = new Frame(messages, 'push', messages.length)
      this.#frames.set(seen, frame)
    }
    return frame.messages.length === 0 ? undefined : frame
  }

  snapshot(): readonly Publication[] {
    return [...this.#rows].flatMap(([key, row]) => (row.removed ? [] : [publicationOf(key, row)]))
  }

  rows(): readonly StateRow[] {
    return [...this.#rows].flatMap(([key, row]) =>
      row.removed ? [] : [{ key, publications: [publicationOf(key, row)], version: row.version }],
    )
  }

  /** The whole state as one JSON value: the value itself where nothing has a key, else an object by key. */
  whole(): Json {
    const rows = [...this.#rows].filter(([, row]) => !row.removed)
    const [only] = rows
    if (rows.length === 1 && only !== undefined && only[0] === undefined) return wholeOf(only[1])
    return Object.fromEntries(rows.map(([key, row]) => [key ?? '', wholeOf(row)]))
  }

  #rowOf(before: Row | undefined, { data, tags, lane, time }: Publication): Row {
    const { version } = this
    const removed = data === null
    const base = this.merges && isObject(data) && before?.fields !== undefined ? before : undefined
    const anewAt = base?.anewAt ?? (before === undefined && !this.#hasForgotten ? 0 : version)
    const row = { version, value: data, fields: undefined, removed, anewAt: this.merges ? anewAt : 0, tags, lane, time }
    if (!this.merges || !isObject(data)) return row
    const fields: Fields = base?.fields ?? new Map()
    const isChanged = this.#merge(fields, data) || base === undefined
    return { ...row, version: isChanged ? version : base.version, value: null, fields, tags: tags ?? base?.tags }
  }

  /** Whether any field changed: a publication that changes nothing leaves the row's version, so nobody is sent an empty change. */
  #merge(fields: Fields, data: Readonly<Record<string, Json | undefined>>): boolean {
    let isChanged = false
    for (const [name, value] of Object.entries(data)) {
      if (value === undefined) continue
      const field = fields.get(name)
      if (field !== undefined && sameJson(field.value, value)) continue
      fields.set(name, { value, version: this.version })
      isChanged = true
    }
    return isChanged
  }

  #bury(): void {
    this.#tombstones++
    if (this.#tombstones <= tombstonesMax) return
    for (const [oldest, row] of this.#rows) {
      if (!row.removed) continue
      this.#rows.delete(oldest)
      this.#tombstones--
      this.#hasForgotten = true
      return
    }
  }

  #encode(key: string | undefined, row: Row, seen: number): string {
    const data =
      row.fields === undefined
        ? row.value
        : Object.fromEntries([...row.fields].filter(([, field]) => field.version > seen).map(([name, field]) => [name, field.value]))
    const publication = encodePublication(JSON.stringify(data), { offset: 0, key, tags: row.tags, info: undefined })
    return push.encodedPublication(this.channel, publication)
  }

  #encodeRemoval(key: string | undefined): string {
    const publication = encodePublication('null', { offset: 0, key, tags: undefined, info: undefined })
    return push.encodedPublication(this.channel, `${publication.slice(0, -1)},"removed":true}`)
  }
}

function removalOf(key: string | undefined): Publication {
  return new Publication({ data: null, ...(key === undefined ? {} : { key }) })
}

/** Whether a value says something of every field that there is. */
function isCovered(fields: Fields, data: Json): boolean {
  return isObject(data) && [...fields.keys()].every(name => data[name] !== undefined)
}

/** The same fields with the same values, in whichever order, or the same otherwise. */
function sameValue(left: Json, right: Json): boolean {
  if (!isObject(left) || !isObject(right)) return sameJson(left, right)
  const names = Object.keys(left)
  return names.length === Object.keys(right).length && names.every(name => sameField(left[name], right[name]))
}

function publicationOf(key: string | undefined, row: Row): Publication {
  return new Publication({
    data: wholeOf(row),
    ...(key === undefined ? {} : { key }),
    ...(row.tags === undefined ? {} : { tags: row.tags }),
    ...(row.lane === undefined ? {} : { lane: row.lane }),
    time: row.time,
  })
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

function sameField(left: Json | undefined, right: Json | undefined): boolean {
  return left !== undefined && right !== undefined && sameJson(left, right)
}
