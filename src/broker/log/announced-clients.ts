import type { ClientInfo } from '../../protocol/index.ts'

/** A join or a leave as a broker carries it. */
interface Announcement {
  readonly kind: 'join' | 'leave'
  readonly infos: readonly ClientInfo[]
}

/**
 * Whose join was announced in a channel, and not their leave, by all that this node has read of the log. It depends on nothing but the log:
 * what is announced twice, as by an owner that does not know yet that there is another one, is passed over alike by all nodes.
 */
export class AnnouncedClients {
  readonly #channels = new Map<string, Map<string, ClientInfo>>()
  /** Those whose leave was read, until it is known what lies before. */
  #left: Set<string> | undefined = new Set()
  #listeners: ((channel: string) => void)[] = []

  /** Calls with the channel of every announcement that was read. */
  onRead(read: (channel: string) => void): void {
    this.#listeners.push(read)
  }

  /** Notes an announcement. @returns what is new of it; undefined for nothing */
  read(channel: string, { kind, infos }: Announcement): Announcement | undefined {
    const news = infos.filter(info => (kind === 'join' ? this.#join(channel, info) : this.#leave(channel, info)))
    for (const read of this.#listeners) read(channel)
    return news.length === 0 ? undefined : { kind, infos: news }
  }

  of(channel: string): ReadonlyMap<string, ClientInfo> {
    return this.#channels.get(channel) ?? none
  }

  get channels(): Iterable<string> {
    return this.#channels.keys()
  }

  /** What another node knows that has read further back. Whatever was read here is newer. */
  learn(channel: string, infos: readonly ClientInfo[]): void {
    for (const info of infos) {
      if (this.#left?.has(keyOf(channel, info.client)) || this.of(channel).has(info.client)) continue
      this.#join(channel, info)
    }
  }

  /** Everything that lies before is known. */
  learned(): void {
    this.#left = undefined
  }

  /** The log is another one. */
  clear(): void {
    this.#channels.clear()
  }

  #join(channel: string, info: ClientInfo): boolean {
    const joined = this.#channels.get(channel) ?? new Map<string, ClientInfo>()
    this.#channels.set(channel, joined)
    const isNew = !joined.has(info.client)
    joined.set(info.client, info)
    return isNew
  }

  #leave(channel: string, { client }: ClientInfo): boolean {
    const joined = this.#channels.get(channel)
    const isKnown = joined?.delete(client) === true
    if (joined?.size === 0) this.#channels.delete(channel)
    if (this.#left === undefined) return isKnown
    // Its join may lie before all that was read here.
    const key = keyOf(channel, client)
    const isNew = isKnown || !this.#left.has(key)
    this.#left.add(key)
    return isNew
  }
}

const none: ReadonlyMap<string, ClientInfo> = new Map()

function keyOf(channel: string, client: string): string {
  return `${client}\n${channel}`
}
