import type { Actors, Stage, Workload } from '../../core/workload.ts'
import { act, type Scene } from './acts.ts'
import { CountChecker } from './count-checker.ts'
import { ChatFaults } from './faults.ts'
import { Flood } from './flood.ts'
import type { Handheld } from './handheld.ts'
import { type ChatMutant, chatMutants } from './mutants.ts'
import { ChatNodes } from './nodes.ts'
import { type ChatPlan, planOf } from './plan.ts'
import { checkRest } from './rest.ts'
import { keptChatSeeds } from './seeds.ts'

type ChatStage = Stage<ChatPlan, ChatMutant>

/** How long it takes to look at everything once more. */
const reviewMs = 3000

/** The chat service, its users and all their devices for a quarter of a minute or so. */
export const chatWorkload: Workload<ChatPlan, ChatNodes, ChatActors, ChatMutant> = {
  name: 'chat',
  topologies: ['single', 'fleet'],
  mutants: chatMutants,
  keptSeeds: keptChatSeeds,
  plan: (seed, random, { mutant }) => planOf(seed, random, mutant?.climate),
  services: ({ world, plan, options }) => new ChatNodes(world, plan, options.mutant, options.topology),
  actors: (stage, nodes) => new ChatActors(stage, nodes),
  check({ world, plan }, nodes, { devices, checker }) {
    const { judge, tally } = world
    checker.stop()
    checkRest({ judge, transcript: nodes.transcript, devices, rows: nodes.rows(), tally, membersMax: plan.bounds.membersMax })
    judge.hold(tally.of('chat.send') >= 1, `only ${tally.of('chat.send')} sends`)
    judge.hold(tally.of('entries') >= 1, `only ${tally.of('entries')} entries came`)
    judge.hold(plan.faultMs === undefined || tally.of('faults') > 0, 'no fault struck')
  },
  close: nodes => nodes.close(),
}

/** Users who do things on their devices, and what goes wrong meanwhile. */
class ChatActors implements Actors {
  readonly devices: readonly Handheld[]
  readonly checker: CountChecker
  readonly #faults: ChatFaults
  #stopped = false
  #serial = 0

  constructor(
    readonly stage: ChatStage,
    nodes: ChatNodes,
  ) {
    const { world, plan, options } = stage
    const { time, judge, tally } = world
    this.devices = plan.users.flatMap(user =>
      (plan.devices[user] ?? []).map(name => (name === 'app' ? nodes.app(user) : nodes.device(user, name))),
    )
    const trace = (line: () => string) => world.trace(line)
    const { transcript, sql } = nodes
    const isStormy = plan.climate === 'stormy'
    this.#faults = new ChatFaults({
      time,
      tally,
      trace,
      nodes,
      random: world.fork(),
      devices: this.devices,
      faultMs: plan.faultMs,
      isStormy,
    })
    nodes.reached = machine => this.#faults.reached(machine)
    const scene: Scene = { random: world.fork(), users: plan.users, devices: this.devices, transcript, serial: () => this.#serial++ }
    this.checker = new CountChecker(time, sql, judge)
    if (!options.idle) this.#act(scene)
    if (plan.climate === 'flood') new Flood(scene, time, tally)
  }

  get isBusy(): boolean {
    return this.devices.some(({ isConnected, waiting }) => !isConnected || waiting.length > 0)
  }

  heal(): void {
    this.#faults.stop()
  }

  stop(): void {
    this.#stopped = true
  }

  review(): number {
    if (!this.stage.plan.apps) return 0
    for (const device of this.devices) device.review()
    return reviewMs
  }

  #act(scene: Scene): void {
    const { world, plan } = this.stage
    world.time.after(world.random.next() * 2 * plan.actMs, () => {
      if (this.#stopped) return
      act(scene)
      this.#act(scene)
    })
  }
}
