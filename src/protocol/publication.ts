import type { Json } from '../kit/index.ts'

/** The client that published, joined or left. Field names are those of the wire. */
export interface ClientInfo {
  readonly user: string
  readonly client: string
  readonly conn_info?: Json
  readonly chan_info?: Json
}

/** How far into a channel's history a client has seen. Offsets only grow, by one or by more; a new epoch is a new history. */
export interface Position {
  readonly epoch: string
  readonly offset: number
}

export interface PublicationFields {
  readonly data: Json
  /** Place in the channel's history, from 1; 0 for what no history keeps. */
  readonly offset?: number
  /** The place of the publication before it in the channel, 0 for none. Absent: the offset less one, as histories count that give every place. */
  readonly after?: number
  /** The key of the value that the publication updates, in `conflated` channels and low lanes. */
  readonly key?: string
  readonly tags?: Readonly<Record<string, string>>
  readonly info?: ClientInfo
  /** Unix milliseconds of the append. */
  readonly time?: number
  /** The lane of a `lanes` channel; the first lane when absent. */
  readonly lane?: string
  /** May go out as a delta, where the namespace leaves that to the publisher. */
  readonly delta?: boolean
}

/** One immutable message in a channel. Each of its forms is made once, however many replies and pushes carry it. */
export class Publication {
  readonly data: Json
  readonly offset: number
  /** The place of its predecessor: who has come so far, and not to `offset`, takes it next. */
  readonly after: number
  readonly key: string | undefined
  readonly tags: Readonly<Record<string, string>> | undefined
  readonly info: ClientInfo | undefined
  readonly time: number
  readonly lane: string | undefined
  readonly delta: boolean
  #json: string | undefined
  #encoded: Uint8Array | undefined

  constructor(fields: PublicationFields) {
    this.data = fields.data
    this.offset = fields.offset ?? 0
    this.after = fields.after ?? Math.max(0, this.offset - 1)
    this.key = fields.key
    this.tags = fields.tags
    this.info = fields.info
    this.time = fields.time ?? 0
    this.lane = fields.lane
    this.delta = fields.delta === true
  }

  /** The wire form: `{"data":…,"offset":7,"key":…,"tags":…,"info":…}`, absent fields left out. */
  get json(): string {
    this.#json ??= encodePublication(JSON.stringify(this.data), this)
    return this.#json
  }

  /** Its other form, which `encode` makes once. */
  encoded(encode: (publication: Publication) => Uint8Array): Uint8Array {
    this.#encoded ??= encode(this)
    return this.#encoded
  }

  /** The same publication at another place in history, right behind the one before it. */
  at(offset: number, time: number): Publication {
    const { after, ...fields } = this.fields()
    return new Publication({ ...fields, offset, time })
  }

  /** Everything that crosses a node boundary or a disk; what is absent is left out. */
  fields(): PublicationFields {
    return {
      data: this.data,
      offset: this.offset,
      time: this.time,
      ...(this.after === Math.max(0, this.offset - 1) ? {} : { after: this.after }),
      ...(this.key === undefined ? {} : { key: this.key }),
      ...(this.tags === undefined ? {} : { tags: this.tags }),
      ...(this.info === undefined ? {} : { info: this.info }),
      ...(this.lane === undefined ? {} : { lane: this.lane }),
      ...(this.delta ? { delta: true } : {}),
    }
  }
}

type Envelope = Pick<Publication, 'offset' | 'key' | 'tags' | 'info'>

/** Puts already encoded data into the wire form of a publication. */
export function encodePublication(data: string, { offset, key, tags, info }: Envelope, delta = false): string {
  let json = `{"data":${data}`
  if (offset > 0) json += `,"offset":${offset}`
  if (delta) json += ',"delta":true'
  if (key !== undefined) json += `,"key":${JSON.stringify(key)}`
  if (tags !== undefined) json += `,"tags":${JSON.stringify(tags)}`
  if (info !== undefined) json += `,"info":${JSON.stringify(info)}`
  return `${json}}`
}
