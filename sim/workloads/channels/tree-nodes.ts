import type { BrokerSink } from '../../../src/hub/index.ts'
import { between } from '../../../src/kit/index.ts'
import type { Position } from '../../../src/protocol/index.ts'
import type { Application, ApplicationConfig } from '../../../src/server/index.ts'
import { Disk } from '../../cluster/disk.ts'
import { FleetLinks } from '../../cluster/fleet/links.ts'
import { linkMutants } from '../../cluster/fleet/mutants.ts'
import { judgedLog } from '../../cluster/open-node.ts'
import { Oracle } from '../../cluster/oracle.ts'
import { configOf, nodeSecret, SimNode } from '../../cluster/sim-node.ts'
import { pick } from '../../core/chance.ts'
import type { Fault } from '../../core/fault-injector.ts'
import { Machine } from '../../core/machine.ts'
import { calmWeather, Network } from '../../core/network.ts'
import type { ChannelsAtRest, ChannelsNodes, ChannelsStage, RestingNode } from './nodes.ts'

const central = 'ws://central'

/** A central node, and relays below it over the product's own links. */
export class TreeNodes implements ChannelsNodes {
  readonly oracle: Oracle
  readonly machines: readonly Machine<SimNode>[]
  readonly #network: Network
  readonly #links: FleetLinks
  readonly #central: Machine<SimNode>
  readonly #config: ApplicationConfig
  #diskRefusesUntil = 0

  constructor(readonly stage: ChannelsStage) {
    const { world, plan } = stage
    const { time, random, tally, judge } = world
    this.oracle = new Oracle(judge, () => time.now())
    this.#network = new Network(time, random, tally, plan.weather)
    this.#links = new FleetLinks(this.#network, linkMutants.find(other => other === stage.options.mutant)?.garble ?? (text => text))
    this.#config = configOf({ client: { insecure: true } }, plan.namespaces.list(), plan.limits)
    this.#central = this.#createCentral()
    this.#central.start()
    this.machines = plan.relayed.map((_, index) => this.#createRelay(`n${index}`))
    for (const machine of this.machines) machine.start()
  }

  faults(): Fault[] {
    const { random, time } = this.stage.world
    const crash = (machine: Machine<SimNode>) => {
      machine.crash()
      this.#links.unplug(machine)
      time.after(between(random, 100, 3000), () => machine.start())
    }
    const shutDown = () => {
      const machine = pick(random, this.machines)
      machine.shutDown()
      time.after(between(random, 100, 2000), () => machine.start())
    }
    const part = () => {
      const machine = pick(random, this.machines)
      this.#network.part(machine, this.#central)
      time.after(between(random, 200, pick(random, [1000, 5000, 12_000])), () => this.#network.heal(machine, this.#central))
    }
    const stall = () => pick(random, [...this.machines, this.#central]).clock.stall(between(random, 20, pick(random, [100, 1000, 3000])))
    const refuse = () => {
      this.#diskRefusesUntil = time.now() + between(random, 200, 2000)
    }
    return [
      { name: 'a relay crashes', strike: () => crash(pick(random, this.machines)) },
      { name: 'a relay ends in order', strike: shutDown },
      { name: 'the central node crashes', strike: () => crash(this.#central) },
      { name: 'a relay is parted from the central node', strike: part },
      { name: 'a machine stands still', strike: stall },
      { name: 'the disk refuses', strike: refuse },
    ]
  }

  heal(): void {
    this.#network.weather = calmWeather
    this.#network.healAll()
    this.#diskRefusesUntil = 0
    for (const machine of [this.#central, ...this.machines]) machine.start()
  }

  atRest(): ChannelsAtRest {
    const { plan, world } = this.stage
    const ends = new Map<string, Position>()
    const present = new Map<string, ReadonlySet<string>>()
    for (const channel of plan.channels) {
      const { node } = this.#central.process ?? {}
      void node?.broker.history(channel, { limit: 0 }).then(({ position }) => ends.set(channel, position))
      void node?.presence.list(channel).then(clients => present.set(channel, new Set(clients.keys())))
    }
    world.time.settle()
    return { ends, present }
  }

  running(): RestingNode[] {
    return this.machines.flatMap(({ name, process }) => (process === undefined ? [] : [{ name, node: process.node, asks: undefined }]))
  }

  check(): void {}

  #createCentral(): Machine<SimNode> {
    const { oracle } = this
    const { world } = this.stage
    const random = world.fork()
    const accepts = () => world.time.now() >= this.#diskRefusesUntil
    const histories = new Disk({ accepts }, ({ channel, epoch, publication }) => oracle.record(channel, epoch, publication))
    return new Machine('central', world.time, (machine, clock) => {
      const log = judgedLog(world.judge, 'central', clock)
      const failed = (error: unknown) => world.judge.break(`the central node did not begin: ${error}`)
      return new SimNode(
        {
          ...{ config: this.#config, random, log, failed, store: { histories } },
          listen: links => this.#links.listen(central, machine, links),
          prepare: application => this.#observe(application),
          begun: async () => undefined,
        },
        machine,
        clock,
      )
    })
  }

  /** Writes down what the central node hands out: what is true. */
  #observe({ node }: Application): void {
    const { oracle } = this
    oracle.forget()
    const deliver = node.deliver.bind(node)
    const observed: BrokerSink['deliver'] = (channel, message) => {
      if (message.kind === 'publication') oracle.record(channel, message.epoch, message.publication)
      else oracle.announced(channel, message.kind, message.infos)
      deliver(channel, message)
    }
    Object.assign(node, { deliver: observed })
  }

  #createRelay(name: string): Machine<SimNode> {
    const { world } = this.stage
    const random = world.fork()
    return new Machine(name, world.time, (machine, clock) => {
      const log = judgedLog(world.judge, name, clock)
      const failed = (error: unknown) => world.judge.break(`${name} did not begin: ${error}`)
      return new SimNode(
        {
          ...{ config: this.#config, random, log, failed },
          parent: { upstreams: [central], secret: nodeSecret, role: 'relay', region: '' },
          connect: this.#links.connectFrom(machine),
          begun: async () => undefined,
        },
        machine,
        clock,
      )
    })
  }
}
