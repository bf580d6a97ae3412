import { MemoryBroker, MemoryPresence } from '../../src/broker/index.ts'
import type { Broker, BrokerMessage, BrokerSink, Control, Exchange, HistoryLog, Limits, Namespaces } from '../../src/hub/index.ts'
import type { Random } from '../../src/kit/index.ts'
import { type ClientInfo, CommandError, errors } from '../../src/protocol/index.ts'
import type { MachineClock } from '../core/clock.ts'
import type { Machine, Process } from '../core/machine.ts'
import type { Network } from '../core/network.ts'
import { type BrokerMutant, honest } from '../workloads/channels/mutants.ts'
import type { Oracle } from './oracle.ts'
import { SparseBroker } from './sparse-broker.ts'

/** A client that a node has in a channel. */
export interface Present {
  readonly channel: string
  readonly info: ClientInfo
}

/** Everything that a node wants of the central broker, said as a whole: what was lost or overtaken on the way is put right by the next. */
export interface Wishes {
  /** Later wishes replace earlier ones, in whichever order they come. */
  readonly revision: number
  readonly channels: ReadonlySet<string>
  readonly present: readonly Present[]
}

/** The node's end of the line. */
export interface Caller {
  /** Names this start of the node, and the lease that covers its clients. */
  readonly id: string
  readonly machine: { readonly name: string; readonly clock: MachineClock }
  deliver(channel: string, delivery: BrokerMessage): void
  control(message: Control): void
}

export interface CentralOptions {
  readonly random: Random
  readonly namespaces: Namespaces
  readonly limits: Limits
  readonly log: HistoryLog
  readonly oracle: Oracle
  readonly network: Network
  readonly mutant: BrokerMutant | undefined
  /** Whether its offsets skip. */
  readonly isSparse: boolean
}

const nothing: Wishes = { revision: 0, channels: new Set(), present: [] }

/** The central broker and presence of a cluster, in one process, as all nodes share them. Knows its nodes only while it runs. */
export class Central implements Process, BrokerSink {
  readonly broker: Exchange
  readonly presence: MemoryPresence
  readonly mutant: BrokerMutant
  readonly #callers = new Map<Caller, Wishes>()
  readonly #served = new Set<string>()

  constructor(
    readonly options: CentralOptions,
    readonly machine: Machine<Central>,
    readonly clock: MachineClock,
  ) {
    const { random, namespaces, limits, log } = options
    this.mutant = options.mutant ?? honest
    const open = (sink: BrokerSink) => new MemoryBroker({ clock, random, namespaces, limits, log }, sink)
    this.broker = options.isSparse ? new SparseBroker(open, this) : open(this)
    this.presence = new MemoryPresence({ clock, limits, namespaces }, this.broker)
    options.oracle.forget()
  }

  stop(): void {
    void this.presence.close()
    void this.broker.close()
  }

  gone(): void {}

  deliver(channel: string, delivery: BrokerMessage): void {
    const { oracle, network } = this.options
    if (this.clock.isDead) return
    if (delivery.kind === 'publication') oracle.record(channel, delivery.epoch, delivery.publication)
    else oracle.announced(channel, delivery.kind, delivery.infos)
    const given = this.mutant.deliver(channel, delivery)
    if (given === undefined) return
    for (const [caller, { channels }] of this.#callers) {
      if (channels.has(channel)) network.send(this.machine, caller.machine, () => caller.deliver(channel, given))
    }
  }

  control(message: Control): void {
    for (const caller of this.#callers.keys()) this.options.network.send(this.machine, caller.machine, () => caller.control(message))
  }

  mayHaveMissed(): void {}

  removed(): void {}

  /** Does what a node asks for, once, however often the question arrives. */
  serve<T>(question: string, work: (central: Central) => Promise<T>, answer: (outcome: Promise<T>) => void): void {
    if (this.#served.has(question)) return
    this.#served.add(question)
    const outcome = work(this)
    outcome.then(
      () => answer(outcome),
      () => answer(outcome),
    )
  }

  async grant(caller: Caller, wishes: Wishes): Promise<void> {
    const known = this.#callers.get(caller) ?? nothing
    if (wishes.revision <= known.revision) return
    this.#callers.set(caller, wishes)
    this.presence.renew(caller.id)
    for (const { channel, info } of known.present) {
      const stays = wishes.present.some(other => other.channel === channel && other.info.client === info.client)
      if (!stays && !this.mutant.keepsGhosts) await this.presence.untrack(channel, info.client, caller.id)
    }
    for (const { channel, info } of wishes.present) await this.presence.track(channel, info, caller.id)
  }

  /** A node leaves in order. */
  async dismiss(caller: Caller): Promise<void> {
    this.#callers.delete(caller)
    await this.presence.drop(caller.id)
  }

  /** The broker as it answers, which is not how it is where a mutant sings. */
  get asked(): Pick<Broker, 'publish' | 'history'> {
    return this.mutant.answer(this.broker)
  }
}

export function unreachableCentral(): CommandError {
  return new CommandError(errors.internal, 'the broker cannot be reached')
}
