import type { Random } from '../../src/kit/index.ts'
import type { KeptSeed } from './seeds.ts'
import type { Tally } from './tally.ts'
import { type Trace, World } from './world.ts'

/** How the nodes of a run stand to each other; each workload says in which of these it runs. */
export type Topology = 'single' | 'broker' | 'tree' | 'fleet'

/** A part that is broken on purpose: the checkers must notice. */
export interface Mutant {
  readonly name: string
  /** Where it is a part of; in any where absent. */
  readonly topology?: Topology
}

/** What a run is made of, all of it drawn from its seed. */
export interface Plan {
  readonly climate: string
  /** How long there is work and trouble. */
  readonly busyMs: number
  /** How long work goes on after the last trouble. */
  readonly calmMs: number
  /** A pause long enough for every lease, ping, backoff and verification to have done its work. */
  readonly restMs: number
}

export interface RunOptions<M extends Mutant = Mutant> {
  readonly topology?: Topology
  readonly mutant?: M
  /** Nobody does anything. */
  readonly idle?: boolean
  readonly trace?: Trace
}

/** One run under way, as its workload sees it. */
export interface Stage<P extends Plan = Plan, M extends Mutant = Mutant> {
  readonly seed: number
  readonly world: World
  readonly plan: P
  readonly options: RunOptions<M>
}

/** Those who act in a run: clients, publishers, feeds, and the fault injector. */
export interface Actors {
  /** Whether somebody has not come back, or waits for an answer. */
  readonly isBusy: boolean
  /** No new trouble, and the end of all that is under way. */
  heal(): void
  /** Nobody begins anything more. */
  stop(): void
  /** Everyone looks at everything once more. @returns how many milliseconds that takes */
  review(): number
}

/**
 * What is tried in the simulation: a plan from the seed, nodes with the services under test, those who act on them, and the checks of what must
 * hold at the end. Checkers that look while it runs are among the actors. A new service adds one workload.
 */
export interface Workload<P extends Plan = Plan, N = unknown, A extends Actors = Actors, M extends Mutant = Mutant> {
  readonly name: string
  /** The first unless another is asked for. */
  readonly topologies: readonly Topology[]
  readonly mutants: readonly M[]
  readonly keptSeeds: readonly KeptSeed[]
  plan(seed: number, random: Random, options: RunOptions<M>): P
  /** Starts the nodes, with what runs on them. */
  services(stage: Stage<P, M>): N
  actors(stage: Stage<P, M>, nodes: N): A
  /** Called when nothing moves any more. A run in which little happened says nothing: that is broken as well. */
  check(stage: Stage<P, M>, nodes: N, actors: A): void
  /** Frees what a run holds outside of its own memory. */
  close?(nodes: N): void
}

export interface Outcome {
  readonly seed: number
  readonly plan: Plan
  readonly tally: Tally
  /** Events of the simulated clock. */
  readonly events: number
  /** The first promise that was broken. */
  readonly violation: Error | undefined
}

/** How long somebody may take to come back, and to say one after the other what there is to say. */
const patienceMs = 60_000

/** A workload for half a minute or so, all of it from one seed. */
export function simulate<P extends Plan, N, A extends Actors, M extends Mutant>(
  workload: Workload<P, N, A, M>,
  seed: number,
  options: RunOptions<M> = {},
): Outcome {
  const world = new World(seed, options.trace)
  const stage: Stage<P, M> = { seed, world, options, plan: workload.plan(seed, world.random, options) }
  let nodes: { readonly all: N } | undefined
  const violation = world.attempt(() => {
    nodes = { all: workload.services(stage) }
    play(workload, stage, nodes.all)
  })
  if (nodes !== undefined) workload.close?.(nodes.all)
  return { seed, plan: stage.plan, tally: world.tally, events: world.time.events, violation }
}

function play<P extends Plan, N, A extends Actors, M extends Mutant>(workload: Workload<P, N, A, M>, stage: Stage<P, M>, nodes: N): void {
  const { world, plan } = stage
  const actors = workload.actors(stage, nodes)
  if (!world.advance(plan.busyMs)) return
  actors.heal()
  world.trace(() => 'calm')
  if (!world.advance(plan.calmMs)) return
  actors.stop()
  world.trace(() => 'rest')
  for (let ms = 0; ms < patienceMs && actors.isBusy; ms += 1000) if (!world.advance(1000)) return
  if (!world.advance(plan.restMs)) return
  if (!world.advance(actors.review())) return
  workload.check(stage, nodes, actors)
}
