import type { Presence, PresenceStats } from '../hub/index.ts'
import type { Clock, Timer } from '../kit/index.ts'
import type { ClientInfo } from '../protocol/index.ts'
import type { Tracked } from './messages.ts'
import type { Uplink } from './uplink.ts'

interface Held {
  readonly info: ClientInfo
  readonly holder: string
}

/** How long the entries of a node below outlive its last sign of life. */
const leaseMs = 15_000
const local = ''

/** Presence of a relay: everything is told upstream, and kept here only to be told again when the link is new. */
export class RelayPresence implements Presence {
  readonly #held = new Map<string, Map<string, Held>>()
  readonly #leases = new Map<string, Timer>()

  constructor(
    readonly clock: Clock,
    readonly uplink: Uplink,
  ) {}

  async track(channel: string, info: ClientInfo, holder = local): Promise<void> {
    const held = this.#held.get(channel) ?? new Map<string, Held>()
    this.#held.set(channel, held)
    held.set(info.client, { info, holder })
    await this.uplink.ask('track', { entries: [{ channel, info }] })
  }

  async untrack(channel: string, client: string): Promise<void> {
    const held = this.#held.get(channel)
    held?.delete(client)
    if (held?.size === 0) this.#held.delete(channel)
    await this.uplink.ask('untrack', { channel, client })
  }

  async list(channel: string): Promise<ReadonlyMap<string, ClientInfo>> {
    const infos = await this.uplink.ask('presence', { channel })
    return new Map(infos.map(info => [info.client, info]))
  }

  stats(channel: string): Promise<PresenceStats> {
    return this.uplink.ask('presenceStats', { channel })
  }

  renew(holder: string): void {
    this.#leases.get(holder)?.cancel()
    this.#leases.set(
      holder,
      this.clock.after(leaseMs, () => {
        this.drop(holder).catch(() => undefined)
      }),
    )
  }

  async drop(holder: string): Promise<void> {
    this.#leases.get(holder)?.cancel()
    this.#leases.delete(holder)
    for (const [channel, held] of [...this.#held]) {
      for (const [client, entry] of [...held]) if (entry.holder === holder) await this.untrack(channel, client)
    }
  }

  /** The link upstream is new: what is held is told again, in one question. */
  async retell(): Promise<void> {
    const entries: Tracked[] = [...this.#held].flatMap(([channel, held]) => [...held.values()].map(({ info }) => ({ channel, info })))
    for (let from = 0; from < entries.length; from += batchMax)
      await this.uplink.ask('track', { entries: entries.slice(from, from + batchMax) })
  }

  async close(): Promise<void> {
    for (const timer of this.#leases.values()) timer.cancel()
    this.#leases.clear()
  }
}

/** Entries of one question, so that it fits a frame. */
const batchMax = 100
