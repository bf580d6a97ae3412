import type { Position } from '../../../src/protocol/index.ts'
import { Fleet } from '../../cluster/fleet/fleet.ts'
import { fleetMutants } from '../../cluster/fleet/mutants.ts'
import { OwnerWriter } from '../../cluster/fleet/owner-writer.ts'
import type { Fault } from '../../core/fault-injector.ts'
import { HistoryChecker } from './history-checker.ts'
import type { ChannelsAtRest, ChannelsNodes, ChannelsOptions, ChannelsStage, RestingNode } from './nodes.ts'

/** How long the owner of a channel may take to answer when nothing moves any more. */
const answerMs = 5000

/** Equal nodes over shared logs and leases; and writes that only the owner of a key may do. */
export class FleetNodes implements ChannelsNodes {
  readonly fleet: Fleet
  readonly #writer: OwnerWriter

  constructor(
    readonly stage: ChannelsStage,
    { checksHistory }: ChannelsOptions,
  ) {
    const { world, plan, options } = stage
    const { namespaces, limits, weather } = plan
    let checker: HistoryChecker | undefined
    const see: HistoryChecker['see'] = (channel, query, page) => checker?.see(channel, query, page)
    const mutant = fleetMutants.find(other => other === options.mutant)
    this.fleet = new Fleet(world, { nodes: 3, weather, namespaces, limits, mutant, see })
    if (checksHistory !== false) checker = new HistoryChecker(world.judge, this.fleet.oracle, namespaces)
    this.#writer = new OwnerWriter(world, this.fleet)
  }

  get oracle() {
    return this.fleet.oracle
  }

  get machines() {
    return this.fleet.machines
  }

  faults(): Fault[] {
    return this.fleet.faults()
  }

  heal(): void {
    this.fleet.heal()
  }

  atRest(): ChannelsAtRest {
    const { broker } = this.fleet.observer
    const [asked] = this.running()
    const ends = new Map<string, Position>()
    const present = new Map<string, ReadonlySet<string>>()
    for (const channel of this.stage.plan.channels) {
      void broker.history(channel, { limit: 0 }).then(({ position }) => ends.set(channel, position))
      if (asked !== undefined) present.set(channel, new Set(this.#present(asked, channel)))
    }
    this.stage.world.time.settle()
    return { ends, present }
  }

  running(): RestingNode[] {
    return this.machines.flatMap(({ name, process }) => (process === undefined ? [] : [{ name, node: process.node, asks: undefined }]))
  }

  /** The clients in a channel, as a node says when the owner has answered it. */
  #present({ name, node }: Pick<RestingNode, 'name' | 'node'>, channel: string): string[] {
    const { time, judge } = this.stage.world
    let answer: readonly string[] | undefined
    node.presence.list(channel).then(
      clients => {
        answer = [...clients.keys()]
      },
      (error: unknown) => judge.break(`${name} does not know who is in ${channel}: ${error}`),
    )
    for (let ms = 0; answer === undefined && ms < answerMs; ms++) time.advance(1)
    judge.hold(answer !== undefined, `${name} has not said who is in ${channel}`)
    return [...(answer ?? [])]
  }

  /** All nodes agree on who is there, and each key had one owner at a time. */
  check(): void {
    const { world, plan } = this.stage
    const { present } = this.atRest()
    for (const channel of plan.channels) {
      const truth = [...(present.get(channel) ?? [])].sort().join(' ')
      for (const { name, node } of this.running()) {
        const list = this.#present({ name, node }, channel)
        world.judge.hold(list.sort().join(' ') === truth, `${name} has in ${channel} "${list}", and there are "${truth}"`)
      }
    }
    this.#writer.check()
  }
}
