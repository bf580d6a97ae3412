import { LogBroker, LogPresence, type SharedLogs } from '../../../src/broker/index.ts'
import { Leases, type LeasesEvents, type Owner, SlotRouter, type SlotTerm } from '../../../src/cluster/index.ts'
import type { LinkPeer } from '../../../src/cluster/link.ts'
import { type Broker, type BrokerSink, type Limits, type Log, type Namespaces, type Node, websocketWire } from '../../../src/hub/index.ts'
import type { Random } from '../../../src/kit/index.ts'
import { CommandError, errors } from '../../../src/protocol/index.ts'
import {
  ConnectionGuard,
  changeWatchlist,
  Origins,
  SseTransport,
  type WatchlistChange,
  type WatchReply,
} from '../../../src/transport/index.ts'
import type { MachineClock } from '../../core/clock.ts'
import type { Judge } from '../../core/judge.ts'
import type { Machine } from '../../core/machine.ts'
import type { Network } from '../../core/network.ts'
import type { Listener } from '../listener.ts'
import { judgedLog, openNode } from '../open-node.ts'
import { SocketSet } from '../socket-set.ts'
import type { LeaseLine } from './lease-line.ts'
import { type Garble, type LinkedNode, NodeLinks } from './links.ts'
import { type Registers, writeRow } from './registers.ts'
import type { LogLines } from './shared-logs.ts'

export interface FleetNodeOptions {
  readonly random: Random
  readonly judge: Judge
  readonly namespaces: Namespaces
  readonly limits: Limits
  readonly network: Network
  readonly logs: SharedLogs
  readonly lines: LogLines
  readonly leases: LeaseLine
  readonly registers: Registers
  readonly garble: Garble
  /** The process at an address, while there is one. */
  find(address: string): LinkedNode | undefined
  /** What the broker hands on goes through this. */
  sinkOf(sink: BrokerSink): BrokerSink
  /** The broker as the hub has it. */
  brokerOf(broker: LogBroker): Broker
}

/** Few, so that a run of many seeds is quick; each has several keys. */
const slots = 24
const nothing: LeasesEvents = { gained() {}, lost() {}, moved() {}, failed() {} }

/** One of several equal nodes: the product's broker and presence over shared logs, its leases, and links to the others. */
export class FleetNode implements Listener, LinkedNode {
  readonly node: Node
  readonly sse: SseTransport
  readonly wire = websocketWire(() => new SocketSet())
  readonly pipes = new Set<{ reset(): void }>()
  readonly links = new Set<{ cut(): void }>()
  readonly leases: Leases
  readonly router: SlotRouter
  readonly peer: LinkPeer
  /** Clients are let in when everything has been read that was there. */
  isListening = false
  readonly #links: NodeLinks
  #broker: LogBroker | undefined
  #presence: LogPresence | undefined

  constructor(
    readonly options: FleetNodeOptions,
    readonly machine: Machine<FleetNode>,
    readonly clock: MachineClock,
  ) {
    const { random, namespaces, limits, judge, network } = options
    const id = `${machine.name}-${machine.starts}`
    const log = judgedLog(judge, machine.name, clock)
    this.node = openNode({
      ...{ id, clock, random, limits, namespaces, log },
      connectBroker: sink => options.brokerOf(this.#openBroker(sink, log)),
      openPresence: () => this.#openPresence(id, log),
    })
    const elsewhere = { redeem: (token: string) => token, takeWatch: async () => undefined }
    this.sse = new SseTransport(this.node, new ConnectionGuard(this.node, new Origins([])), elsewhere)
    this.leases = new Leases({ clock, store: options.leases, member: { node: id, address: machine.name }, slots }, nothing)
    this.router = new SlotRouter(this.leases, id, slots)
    this.peer = {
      request: (name, input) => this.#asked(name, input),
      notified: () => undefined,
      failed: (name, error) => judge.break(`${machine.name} could not answer ${name}: ${error}`),
      backedUp: () => undefined,
    }
    this.#links = new NodeLinks(this, network, random, options.find, options.garble)
    void this.leases.begin()
    void Promise.all([this.#broker?.ready, this.#presence?.ready]).then(() => {
      this.isListening = true
    })
  }

  /** Has the owner of a key write, here or on another node. @throws CommandError */
  write(key: string, n: number): Promise<{ readonly key: string; readonly n: number }> {
    return this.router.route(key, {
      here: owned => this.#write(owned, key, n),
      there: member => this.#links.request(member.address, writeRow, { key, n }),
    })
  }

  ownerOf(key: string): Owner {
    return this.router.ownerOf(key)
  }

  changeWatchlist(id: string, user: string, change: WatchlistChange): Promise<WatchReply> {
    return changeWatchlist(this.sse, id, user, change)
  }

  stop(): void {
    this.isListening = false
    this.sse.close()
    void this.node.close()
    void this.leases.close()
  }

  gone(): void {
    this.isListening = false
    for (const pipe of [...this.pipes]) pipe.reset()
    for (const link of [...this.links]) link.cut()
  }

  #openBroker(sink: BrokerSink, log: Log): LogBroker {
    const { random, namespaces, limits, logs, sinkOf } = this.options
    this.#broker = new LogBroker({ clock: this.clock, random, log, namespaces, limits, logs }, sinkOf(sink))
    return this.#broker
  }

  #openPresence(node: string, log: Log): LogPresence {
    const { random, namespaces, limits, logs } = this.options
    if (this.#broker === undefined) throw new Error('the broker is opened first')
    this.#presence = new LogPresence({ clock: this.clock, random, log, namespaces, limits, presence: logs.presence, node }, this.#broker)
    return this.#presence
  }

  #asked(name: string, input: unknown): unknown {
    if (name !== writeRow.name) throw new CommandError(errors.notAvailable, `nobody asks "${name}"`)
    const { key, n } = writeRow.input.parse(input)
    return this.router.serve(key, owned => this.#write(owned, key, n))
  }

  /** Under the fence: what a former owner writes late is not there. */
  async #write(owned: SlotTerm, key: string, n: number): Promise<{ readonly key: string; readonly n: number }> {
    const { registers, leases } = this.options
    const written = await leases.fenced(owned, () => {
      registers.write({ ...owned, key, n, node: this.node.id })
      return true
    })
    if (written === undefined) throw new CommandError(errors.internal, 'another node owns it by now')
    return { key, n }
  }
}
