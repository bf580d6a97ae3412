import type { Tally } from '../tally.ts'
import { act, type Stage } from './acts.ts'
import { ChatFaults } from './faults.ts'
import { Flood } from './flood.ts'
import { Patrol } from './patrol.ts'
import { type ChatPlan, planOf, restMs } from './plan.ts'
import { checkRest } from './rest.ts'
import { ChatWorld, type WorldOptions } from './world.ts'

export interface ChatSimulationOptions extends WorldOptions {
  /** Nobody does anything. */
  readonly idle?: boolean
}

export interface ChatOutcome {
  readonly seed: number
  readonly plan: ChatPlan
  readonly tally: Tally
  /** The first promise that was broken. */
  readonly violation: Error | undefined
}

/** How long work goes on after the last trouble. */
const calmMs = 1500
/** How long an app may take to come back, and to say one after the other what it has to say. */
const patienceMs = 60_000
/** How long it takes to look at everything once more. */
const reviewMs = 3000

/** The chat service, its users and all their devices for a quarter of a minute or so, all of it from one seed. */
export class ChatSimulation {
  readonly world: ChatWorld
  readonly plan: ChatPlan
  #stopped = false
  #serial = 0

  constructor(
    readonly seed: number,
    readonly options: ChatSimulationOptions = {},
  ) {
    this.world = new ChatWorld(seed, options)
    this.plan = planOf(seed, this.world.random, options.canary?.climate)
  }

  run(): ChatOutcome {
    const { seed, plan, world } = this
    const violation = world.attempt(() => this.#play())
    return { seed, plan, tally: world.tally, violation }
  }

  #play(): void {
    const { plan, world } = this
    const { time, judge, book, tally } = world
    world.start(plan, () => faults.reached())
    const devices = plan.users.flatMap(user =>
      (plan.devices[user] ?? []).map(name => (name === 'app' ? world.app(user) : world.device(user, name))),
    )
    const { faultMs } = plan
    const strikes = plan.climate === 'stormy' ? 'storm' : 'drizzle'
    const faults = new ChatFaults({
      ...{ time, tally, devices, faultMs, strikes },
      machine: world.machine,
      random: world.fork(),
      trace: line => world.trace(line),
    })
    const stage: Stage = { random: world.fork(), users: plan.users, devices, book, serial: () => this.#serial++ }
    const patrol = new Patrol(time, world.sql, judge)
    if (!this.options.idle) this.#busy(stage)
    if (plan.climate === 'flood') new Flood(stage, time, tally)
    if (!world.advance(plan.busyMs)) return
    faults.stop()
    world.trace(() => 'calm')
    if (!world.advance(calmMs)) return
    this.#stopped = true
    world.trace(() => 'rest')
    for (let ms = 0; ms < patienceMs && devices.some(({ isConnected, waiting }) => !isConnected || waiting.length > 0); ms += 1000)
      if (!world.advance(1000)) return
    if (!world.advance(restMs)) return
    if (plan.apps) {
      for (const device of devices) device.review()
      if (!world.advance(reviewMs)) return
    }
    patrol.stop()
    checkRest({ judge, book, devices, rows: world.rows(), tally, membersMax: plan.bounds.membersMax })
    this.#checkTally()
  }

  #busy(stage: Stage): void {
    const { plan, world } = this
    world.time.after(world.random.next() * 2 * plan.actMs, () => {
      if (this.#stopped) return
      act(stage)
      this.#busy(stage)
    })
  }

  /** A run in which little happened says nothing. */
  #checkTally(): void {
    const { judge, tally } = this.world
    judge.hold(tally.of('chat.send') >= 4, `only ${tally.of('chat.send')} sends`)
    judge.hold(tally.of('entries') >= 10, `only ${tally.of('entries')} entries came`)
    judge.hold(this.plan.faultMs === undefined || tally.of('faults') > 0, 'no fault struck')
  }
}
