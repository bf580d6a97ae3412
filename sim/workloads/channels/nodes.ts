import { Central } from '../../cluster/central.ts'
import { Disk } from '../../cluster/disk.ts'
import { Oracle } from '../../cluster/oracle.ts'
import { Server } from '../../cluster/server.ts'
import { asSparse } from '../../cluster/sparse-broker.ts'
import { Machine } from '../../core/machine.ts'
import { Network } from '../../core/network.ts'
import type { Stage } from '../../core/workload.ts'
import { HistoryChecker } from './history-checker.ts'
import type { BrokerMutant } from './mutants.ts'
import type { ChannelsPlan } from './plan.ts'

export type ChannelsStage = Stage<ChannelsPlan, BrokerMutant>

export interface ChannelsOptions {
  /** Whether pages of history are checked where they arrive; without, only what clients see counts. */
  readonly checksHistory?: boolean
  /** Every other WebSocket is read from a thin line, to the end. */
  readonly thinLines?: boolean
}

/** A central broker, and nodes that reach it over a network that loses, doubles, delays and reorders. */
export class ChannelsNodes {
  readonly oracle: Oracle
  readonly network: Network
  readonly central: Machine<Central>
  readonly machines: readonly Machine<Server>[]
  /** Whether the disk of the central machine takes an append. */
  accepts: () => boolean = () => true

  constructor(
    readonly stage: ChannelsStage,
    readonly options: ChannelsOptions,
  ) {
    const { world, plan } = stage
    this.oracle = new Oracle(world.judge, () => world.time.now())
    this.network = new Network(world.time, world.random, world.tally, plan.weather)
    this.central = this.#createCentral()
    this.central.start()
    this.machines = plan.relayed.map((relayed, index) => this.#createServer(index, relayed))
    for (const machine of this.machines) machine.start()
  }

  #createCentral(): Machine<Central> {
    const { oracle, network } = this
    const { world, plan, options } = this.stage
    const { namespaces, limits } = plan
    const { random, time, tally } = world
    // A broken broker counts places, and a thin line bytes: both are told in offsets that do not skip.
    const isSparse = plan.isSparse && options.mutant === undefined && this.options.thinLines !== true
    if (isSparse) tally.count('a log whose offsets skip')
    const disk = new Disk({ accepts: () => this.accepts() }, ({ channel, epoch, publication }) =>
      oracle.record(channel, epoch, isSparse ? asSparse(publication) : publication),
    )
    return new Machine('central', time, (machine, clock) => {
      return new Central({ random, namespaces, limits, log: disk, oracle, network, mutant: options.mutant, isSparse }, machine, clock)
    })
  }

  #createServer(index: number, relayed: boolean): Machine<Server> {
    const { central, network } = this
    const { world, plan } = this.stage
    const { judge, time } = world
    const random = world.fork()
    const historyChecker = this.options.checksHistory === false ? undefined : new HistoryChecker(judge, this.oracle, plan.namespaces)
    return new Machine(`n${index}`, time, (machine, clock) => {
      return new Server({ plan, random, central, network, judge, historyChecker, relayed }, machine, clock)
    })
  }
}
