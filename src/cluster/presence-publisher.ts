import type { BrokerMessage, Limits } from '../hub/index.ts'
import { backoffMs, type Clock, type Random } from '../kit/index.ts'
import type { ClientInfo } from '../protocol/index.ts'

export interface PresencePublisherContext {
  readonly clock: Clock
  readonly random: Random
  readonly limits: Pick<Limits, 'joinsPerTickMax' | 'joinBatchMs'>
  /** Whether this node announces for the channel. */
  isAnnounced(channel: string): boolean
  /** Who is there, and whether those are all. */
  present(channel: string): { readonly infos: readonly ClientInfo[]; readonly isWhole: boolean }
  /** Whose join was read in the log and not their leave. */
  announced(channel: string): ReadonlyMap<string, ClientInfo>
  announce(channel: string, message: BrokerMessage): Promise<void>
}

const retry = { baseMs: 100, capMs: 3000 } as const

/**
 * Announces joins and leaves until what was read of them in the log is who is there. So it goes on where another node stopped, and makes good
 * what one said that did not know better.
 */
export class PresencePublisher {
  /** Channels that are to be looked at. */
  readonly #due = new Set<string>()
  /** Channels of which announcements are on their way. */
  readonly #underWay = new Set<string>()
  #isLooking = false
  #isClosed = false
  #failures = 0

  constructor(readonly context: PresencePublisherContext) {}

  /** Who is there is other than before, or what was announced. */
  changed(channel: string): void {
    if (this.#isClosed || !this.context.isAnnounced(channel)) return
    this.#due.add(channel)
    if (this.#isLooking) return
    this.#isLooking = true
    this.context.clock.soon(() => this.#look())
  }

  close(): void {
    this.#isClosed = true
    this.#due.clear()
  }

  /** In a storm joins and leaves are gathered, and who came and went meanwhile cancels out. */
  #look(): void {
    this.#isLooking = false
    const due = [...this.#due].filter(channel => !this.#underWay.has(channel))
    this.#due.clear()
    const { clock, limits } = this.context
    for (const channel of due) {
      const { joined, left } = this.#news(channel)
      const count = joined.length + left.length
      if (count === 0) continue
      this.#underWay.add(channel)
      if (count <= limits.joinsPerTickMax) void this.#announce(channel)
      else clock.after(limits.joinBatchMs, () => void this.#announce(channel))
    }
  }

  #news(channel: string): { readonly joined: readonly ClientInfo[]; readonly left: readonly ClientInfo[] } {
    if (this.#isClosed || !this.context.isAnnounced(channel)) return { joined: [], left: [] }
    const { infos, isWhole } = this.context.present(channel)
    const announced = this.context.announced(channel)
    const present = new Set(infos.map(({ client }) => client))
    return {
      joined: infos.filter(({ client }) => !announced.has(client)),
      left: isWhole ? [...announced.values()].filter(({ client }) => !present.has(client)) : [],
    }
  }

  /** Leaves first: who leaves and comes again within a batch is in the channel at its end. */
  async #announce(channel: string): Promise<void> {
    const { joined, left } = this.#news(channel)
    const { announce, clock, random } = this.context
    try {
      // Both are on their way at once, in order; each resolves when it was read here.
      await Promise.all([
        left.length > 0 ? announce(channel, { kind: 'leave', infos: left }) : undefined,
        joined.length > 0 ? announce(channel, { kind: 'join', infos: joined }) : undefined,
      ])
      this.#failures = 0
    } catch {
      await new Promise<void>(resolve => clock.after(backoffMs(this.#failures++, random, retry), resolve))
    }
    this.#underWay.delete(channel)
    this.changed(channel)
  }
}
