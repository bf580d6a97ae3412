import { isOlder, type Presence, type PresenceStats, type PresenceVersion, presenceLeaseMs } from '../hub/index.ts'
import type { Clock, Timer } from '../kit/index.ts'
import type { ClientInfo } from '../protocol/index.ts'
import { protocol, type Tracked } from './protocol.ts'
import type { Uplink } from './uplink.ts'

interface Held {
  readonly info: ClientInfo
  readonly owner: string
  readonly version: PresenceVersion
}

/** Entries of one notification. */
const batchMax = 100
const local = ''

/**
 * Presence of a relay: everything is told upstream, and kept here only to be told again when the link is new. What is said while there is
 * no link needs no answer: it is in what is told again.
 */
export class RelayPresence implements Presence {
  readonly #held = new Map<string, Map<string, Held>>()
  readonly #leases = new Map<string, Timer>()
  /** Links upstream so far. */
  #turn = 0

  constructor(
    readonly clock: Clock,
    readonly uplink: Pick<Uplink, 'request' | 'notify'>,
  ) {}

  async track(channel: string, info: ClientInfo, owner = local, version: PresenceVersion = []): Promise<void> {
    const held = this.#held.get(channel) ?? new Map<string, Held>()
    this.#held.set(channel, held)
    const known = held.get(info.client)
    if (known !== undefined && isOlder(version, known.version)) return
    held.set(info.client, { info, owner, version })
    this.uplink.notify(protocol.track, { entries: [{ channel, info, version: [...version, this.#turn] }] })
  }

  async untrack(channel: string, client: string, owner = local): Promise<void> {
    const held = this.#held.get(channel)
    if (held?.get(client)?.owner !== owner) return
    held.delete(client)
    if (held.size === 0) this.#held.delete(channel)
    this.uplink.notify(protocol.untrack, { channel, client })
  }

  async list(channel: string): Promise<ReadonlyMap<string, ClientInfo>> {
    const infos = await this.uplink.request(protocol.presence, { channel })
    return new Map(infos.map(info => [info.client, info]))
  }

  stats(channel: string): Promise<PresenceStats> {
    return this.uplink.request(protocol.presenceStats, { channel })
  }

  renew(owner: string): void {
    this.#leases.get(owner)?.cancel()
    this.#leases.set(
      owner,
      this.clock.after(presenceLeaseMs, () => void this.drop(owner)),
    )
  }

  async drop(owner: string): Promise<void> {
    this.#leases.get(owner)?.cancel()
    this.#leases.delete(owner)
    for (const [channel, held] of [...this.#held]) {
      for (const [client, entry] of [...held]) if (entry.owner === owner) await this.untrack(channel, client, owner)
    }
  }

  /** The link upstream is new: what is held is told again, but for those whose node is away: they may be told of by another by now. */
  retell(): void {
    this.#turn++
    const entries: Tracked[] = []
    for (const [channel, held] of this.#held) {
      for (const { info, owner, version } of held.values())
        if (!this.#leases.has(owner)) entries.push({ channel, info, version: [...version, this.#turn] })
    }
    for (let from = 0; from < entries.length; from += batchMax)
      this.uplink.notify(protocol.track, { entries: entries.slice(from, from + batchMax) })
  }

  async close(): Promise<void> {
    for (const timer of this.#leases.values()) timer.cancel()
    this.#leases.clear()
  }
}
