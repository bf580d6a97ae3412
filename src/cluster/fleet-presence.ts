import type { AnnouncedClients } from '../broker/index.ts'
import {
  type BrokerMessage,
  type Limits,
  type Namespaces,
  type Presence,
  PresenceList,
  type PresenceStats,
  type PresenceVersion,
} from '../hub/index.ts'
import { type Clock, type Random, within } from '../kit/index.ts'
import { type ClientInfo, CommandError, errors } from '../protocol/index.ts'
import { BrokenLink } from './link.ts'
import { type Leases, movedError, type SlotRouter, type SlotTerm, slotOf } from './placement/index.ts'
import { PresencePublisher } from './presence-publisher.ts'
import { PresenceTeller } from './presence-teller.ts'
import { type AnnouncedPage, type PresenceTelling, protocol } from './protocol.ts'
import type { Request } from './row.ts'
import { SlotPresence } from './slot-presence.ts'

export interface FleetPresenceOptions {
  readonly clock: Clock
  readonly random: Random
  readonly limits: Limits
  readonly namespaces: Namespaces
  /** This node's id, another one with every start. */
  readonly node: string
  readonly slots: number
  readonly leases: Pick<Leases, 'leaseOf' | 'members' | 'held' | 'termOf'>
  readonly router: Pick<SlotRouter, 'route' | 'serve'>
  readonly broker: {
    readonly announced: AnnouncedClients
    announce(channel: string, message: BrokerMessage): Promise<void>
  }
  request<In, Out>(node: string, row: Request<In, Out>, input: In): Promise<Out>
}

/** Clients of a page of announcements. */
const pageMax = 2000
/** How long until a node that could not say what it knows is asked again. */
const learnAgainMs = 1000
/** How long is waited until all nodes have told a new owner who is on them. */
const completeMs = 3000

/**
 * Presence of equal nodes. The owner of a channel's slot knows who is in it: each node tells it who is on it and below. It answers for the
 * channel, and announces joins and leaves. When the owner is another node, all tell that one.
 */
export class FleetPresence implements Presence {
  readonly #teller: PresenceTeller
  readonly #owned: SlotPresence
  readonly #publisher: PresencePublisher
  #isLearning = false
  #isClosed = false

  constructor(readonly options: FleetPresenceOptions) {
    const { clock, random, limits, namespaces, leases, broker, node, slots } = options
    const ofChannel = (channel: string) => slotOf(channel, slots)
    this.#teller = new PresenceTeller({
      ...{ clock, random, node, slots, slotOf: ofChannel, leaseOf: slot => leases.leaseOf(slot) },
      tell: (owner, telling) => this.#tell(owner, telling),
    })
    this.#owned = new SlotPresence({
      ...{ clock, slotOf: ofChannel, members: () => leases.members.map(member => member.node) },
      changed: channel => this.#publisher.changed(channel),
      completed: slots => this.#reviewChannels(slots),
    })
    this.#publisher = new PresencePublisher({
      ...{ clock, random, limits, announce: (channel, message) => broker.announce(channel, message) },
      isAnnounced: channel => namespaces.resolve(channel)?.joinLeave === true && leases.termOf(ofChannel(channel)) !== undefined,
      present: channel => ({ infos: this.#owned.infos(channel), isWhole: this.#owned.isComplete(channel) }),
      announced: channel => broker.announced.of(channel),
    })
    broker.announced.onRead(channel => this.#publisher.changed(channel))
  }

  async track(channel: string, info: ClientInfo, owner?: string, version?: PresenceVersion): Promise<void> {
    this.#teller.track(channel, info, owner, version)
  }

  async untrack(channel: string, client: string, owner?: string): Promise<void> {
    this.#teller.untrack(channel, client, owner)
  }

  /** @throws CommandError 100, temporary, while nobody knows who is there; 106 where the list is larger than so many bytes */
  async list(channel: string, bytesMax = Number.POSITIVE_INFINITY): Promise<ReadonlyMap<string, ClientInfo>> {
    const infos = await this.options.router.route<readonly ClientInfo[]>(channel, {
      here: () => this.#infosOf(channel),
      there: ({ node }) => this.#ask(node, protocol.presenceOf, channel),
    })
    const list = new PresenceList(bytesMax)
    for (const info of infos) list.add(info)
    return list.clients
  }

  /** @throws CommandError 100, temporary, while nobody knows who is there */
  stats(channel: string): Promise<PresenceStats> {
    return this.options.router.route<PresenceStats>(channel, {
      here: async () => statsOf(await this.#infosOf(channel)),
      there: ({ node }) => this.#ask(node, protocol.presenceStatsOf, channel),
    })
  }

  renew(owner: string): void {
    this.#teller.renew(owner)
  }

  async drop(owner: string): Promise<void> {
    this.#teller.drop(owner)
  }

  /** Another node tells who is on it. @returns the slots of which it must tell all */
  told(telling: PresenceTelling): number[] {
    return this.#owned.tell(telling)
  }

  /** @throws CommandError 421 where another node owns the channel; 106 where the list is larger than limits allow */
  async listFor(channel: string): Promise<readonly ClientInfo[]> {
    const infos = await this.options.router.serve(channel, () => this.#infosOf(channel))
    const list = new PresenceList(this.options.limits.presenceBytesMax)
    for (const info of infos) list.add(info)
    return infos
  }

  /** @throws CommandError 421 where another node owns the channel */
  statsFor(channel: string): Promise<PresenceStats> {
    return this.options.router.serve(channel, async () => statsOf(await this.#infosOf(channel)))
  }

  gained(slots: readonly SlotTerm[]): void {
    this.#owned.gained(slots)
    this.#teller.review()
  }

  lost(slots: readonly SlotTerm[]): void {
    this.#owned.lost(slots)
  }

  /** Members or owners are others than before. */
  moved(): void {
    this.#owned.review()
    this.#teller.review()
    if (this.#isLearning) return
    this.#isLearning = true
    void this.#learn()
  }

  /** A page of what this node knows of announcements. */
  announcedFrom(from: number): AnnouncedPage {
    const { announced } = this.options.broker
    const channels: AnnouncedPage['channels'][number][] = []
    let [place, clients] = [0, 0]
    for (const channel of announced.channels) {
      if (place++ < from) continue
      const infos = [...announced.of(channel).values()]
      channels.push({ channel, infos })
      clients += infos.length
      if (clients >= pageMax) return { channels, next: place }
    }
    return { channels, next: 0 }
  }

  /** The node ends: what it held goes with it. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#publisher.close()
    await within(this.options.clock, completeMs, this.#teller.close(), () => new Error('late')).catch(() => undefined)
    this.#owned.close()
  }

  /** This node has read the log from some time on; those that were there before know more. */
  async #learn(): Promise<void> {
    const { broker, clock, node, leases } = this.options
    const isMember = (other: string) => leases.members.some(member => member.node === other)
    for (const { node: other } of leases.members) {
      while (other !== node && isMember(other) && !this.#isClosed) {
        try {
          await this.#learnFrom(other)
          break
        } catch {
          await new Promise<void>(resolve => clock.after(learnAgainMs, resolve))
        }
      }
    }
    broker.announced.learned()
    this.#reviewChannels()
  }

  async #learnFrom(other: string): Promise<void> {
    const { broker, request } = this.options
    for (let from = 0; ; ) {
      const { channels, next } = await request(other, protocol.announced, { from })
      for (const { channel, infos } of channels) broker.announced.learn(channel, infos)
      if (next === 0) return
      from = next
    }
  }

  /** An owner that cannot be reached may have been succeeded. */
  async #ask<Out>(node: string, row: Request<{ readonly channel: string }, Out>, channel: string): Promise<Out> {
    try {
      return await this.options.request(node, row, { channel })
    } catch (error) {
      throw error instanceof BrokenLink ? new CommandError(movedError) : error
    }
  }

  async #tell(owner: string, telling: PresenceTelling): Promise<readonly number[]> {
    return owner === this.options.node ? this.told(telling) : await this.options.request(owner, protocol.tellPresence, telling)
  }

  async #infosOf(channel: string): Promise<readonly ClientInfo[]> {
    const late = () => new CommandError(errors.internal, 'not all nodes have said yet who is there')
    if (!this.#owned.isComplete(channel)) await within(this.options.clock, completeMs, this.#owned.completed(channel), late)
    if (!this.#owned.isComplete(channel)) throw late()
    return this.#owned.infos(channel)
  }

  /** Now it is known who has left. */
  #reviewChannels(slots?: ReadonlySet<number>): void {
    for (const channel of this.options.broker.announced.channels)
      if (slots?.has(slotOf(channel, this.options.slots)) !== false) this.#publisher.changed(channel)
  }
}

function statsOf(infos: readonly ClientInfo[]): PresenceStats {
  return { clients: infos.length, users: new Set(infos.map(({ user }) => user)).size }
}
