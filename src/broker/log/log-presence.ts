import {
  type Limits,
  type Log,
  type Namespaces,
  type Presence,
  type PresenceStats,
  type PresenceVersion,
  presenceLeaseMs,
} from '../../hub/index.ts'
import { backoffMs, type Clock, every, type Random, type Timer, unreachable } from '../../kit/index.ts'
import type { ClientInfo } from '../../protocol/index.ts'
import { MemoryPresence } from '../memory-presence.ts'
import { AppendQueue } from './append-queue.ts'
import type { LogBroker } from './log-broker.ts'
import { LogTail } from './log-tail.ts'
import { type PresenceMessage, readPresenceMessage } from './presence-message.ts'
import type { LogRecord, SharedLog } from './shared-log.ts'

export interface LogPresenceOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly limits: Limits
  readonly namespaces: Namespaces
  readonly presence: SharedLog
  /** This node's id, another one with every start. */
  readonly node: string
}

interface Held {
  readonly channel: string
  readonly info: ClientInfo
  readonly owner: string
  readonly version: PresenceVersion
}

/** How often a node says that it lives. */
const renewMs = presenceLeaseMs / 3
/** Messages of one append. */
const batchMax = 500
/** Messages that wait for the log. Beyond, and beyond twice what is held, who is there is told anew as a whole. */
const unsaidMax = 10_000
const retry = { baseMs: 100, capMs: 3000 } as const
const local = ''

/**
 * Presence of equal nodes: each says in a log who is on it, and all nodes make the same of that log. Leases end by the log's time as well, so
 * that nodes never differ in who is there, only in how far they have read. Joins and leaves are announced by every node to its own sessions.
 */
export class LogPresence implements Presence {
  /** Resolves when everything has been read that was there at the start. */
  readonly ready: Promise<void>
  readonly #registry: MemoryPresence
  readonly #tail: LogTail
  readonly #queue: AppendQueue
  readonly #renewing: Timer
  /** The entries of this node and of the links below it, to be sent again if other nodes took this node for dead. */
  readonly #held = new Map<string, Held>()
  /** When owners last said that they live, by the time of the log. */
  readonly #renewals = new Map<string, number>()
  #unsaid: PresenceMessage[] = []
  #isSaying = false
  #failures = 0
  #isClosed = false

  constructor(
    readonly options: LogPresenceOptions,
    broker: Pick<LogBroker, 'deliverHere'>,
  ) {
    const { clock, random, presence, limits, namespaces } = options
    const here = { announce: async (...[channel, message]: Parameters<LogBroker['deliverHere']>) => broker.deliverHere(channel, message) }
    this.#registry = new MemoryPresence({ clock, limits, namespaces }, here)
    this.#queue = new AppendQueue(clock, presence, 0)
    this.#tail = new LogTail(presence, { clock, random }, record => this.#read(record))
    this.ready = this.#tail.begin()
    this.#say({ kind: 'renew', owner: this.#nameOf(local) })
    this.#renewing = every(clock, renewMs, () => this.#say({ kind: 'renew', owner: this.#nameOf(local) }))
  }

  async track(channel: string, info: ClientInfo, owner = local, version: PresenceVersion = []): Promise<void> {
    const held = { channel, info, owner: this.#nameOf(owner), version }
    this.#held.set(keyOf(channel, info.client), held)
    this.#say({ kind: 'track', ...held })
  }

  async untrack(channel: string, client: string, owner = local): Promise<void> {
    const key = keyOf(channel, client)
    const name = this.#nameOf(owner)
    if (this.#held.get(key)?.owner === name) this.#held.delete(key)
    this.#say({ kind: 'untrack', channel, client, owner: name })
  }

  list(channel: string, bytesMax?: number): Promise<ReadonlyMap<string, ClientInfo>> {
    return this.#registry.list(channel, bytesMax)
  }

  stats(channel: string): Promise<PresenceStats> {
    return this.#registry.stats(channel)
  }

  renew(owner: string): void {
    this.#say({ kind: 'renew', owner: this.#nameOf(owner) })
  }

  async drop(owner: string): Promise<void> {
    const name = this.#nameOf(owner)
    for (const [key, held] of this.#held) if (held.owner === name) this.#held.delete(key)
    this.#say({ kind: 'drop', owner: name })
  }

  /** The node ends: what it held goes with it. */
  async close(): Promise<void> {
    this.#renewing.cancel()
    this.#held.clear()
    this.#unsaid = []
    await this.#queue.append(entryOf({ kind: 'drop', owner: this.#nameOf(local) })).catch(() => undefined)
    this.#isClosed = true
    this.#tail.close()
    await this.#registry.close()
  }

  #nameOf(owner: string): string {
    const { node } = this.options
    return owner === local ? node : `${node}>${owner}`
  }

  /** In order. What could not be said is said again, with everything after it: the last word counts. */
  #say(message: PresenceMessage): void {
    this.#unsaid.push(message)
    const owner = this.#nameOf(local)
    // What this node holds is told when it is read that the node is back.
    if (this.#unsaid.length > Math.max(unsaidMax, 2 * this.#held.size))
      this.#unsaid = [
        { kind: 'drop', owner },
        { kind: 'renew', owner },
      ]
    if (!this.#isSaying) void this.#sayAll()
  }

  async #sayAll(): Promise<void> {
    this.#isSaying = true
    while (this.#unsaid.length > 0 && !this.#isClosed) {
      const saying = this.#unsaid.splice(0, batchMax)
      try {
        await Promise.all(saying.map(message => this.#queue.append(entryOf(message))))
        this.#failures = 0
      } catch {
        this.#unsaid = [...saying, ...this.#unsaid]
        const { clock, random } = this.options
        await new Promise<void>(resolve => clock.after(backoffMs(this.#failures++, random, retry), resolve))
      }
    }
    this.#isSaying = false
  }

  #read({ value, time, offset }: LogRecord): void {
    const message = readPresenceMessage(value)
    if (message === undefined) {
      this.options.log.warn({ offset }, 'a presence record that cannot be read')
      return
    }
    // An owner that has been silent for too long is gone before anything later happens.
    this.#expire(time)
    this.#apply(message, time)
  }

  #apply(message: PresenceMessage, time: number): void {
    switch (message.kind) {
      case 'track':
        if (!this.#renewals.has(nodeOf(message.owner))) return
        void this.#registry.track(message.channel, message.info, message.owner, message.version)
        return
      case 'untrack':
        void this.#registry.untrack(message.channel, message.client, message.owner)
        return
      case 'renew':
        this.#renewed(message.owner, time)
        return
      case 'drop':
        this.#drop(message.owner)
        return
      default:
        unreachable(message)
    }
  }

  #renewed(owner: string, time: number): void {
    const isBack = !this.#renewals.has(owner)
    this.#renewals.set(owner, time)
    // The others took this node for dead and have forgotten what it holds.
    if (isBack && owner === this.options.node) for (const held of this.#held.values()) this.#say({ kind: 'track', ...held })
  }

  #expire(time: number): void {
    for (const [owner, renewedAt] of this.#renewals) {
      if (renewedAt + presenceLeaseMs > time) continue
      // A link below that was silent for too long. What this node drops itself it does not hold any more, but it may hold what came after.
      if (owner !== this.options.node) for (const [key, held] of this.#held) if (held.owner === owner) this.#held.delete(key)
      this.#drop(owner)
    }
  }

  /** With a node go the links below it. */
  #drop(owner: string): void {
    this.#renewals.delete(owner)
    const gone = this.#registry.owners().filter(other => other === owner || nodeOf(other) === owner)
    for (const other of gone) {
      this.#renewals.delete(other)
      void this.#registry.drop(other)
    }
  }
}

function keyOf(channel: string, client: string): string {
  return `${client}\n${channel}`
}

function nodeOf(owner: string): string {
  const end = owner.indexOf('>')
  return end === -1 ? owner : owner.slice(0, end)
}

function entryOf(message: PresenceMessage) {
  return { key: message.owner, value: JSON.stringify(message) }
}
