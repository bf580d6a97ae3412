import type { Namespace, Namespaces } from '../../../src/hub/index.ts'
import { StreamUser } from '../../clients/stream-user.ts'
import type { User, UserContext } from '../../clients/user.ts'
import { WebSocketUser } from '../../clients/websocket-user.ts'
import { pick } from '../../core/chance.ts'
import type { Actors, Workload } from '../../core/workload.ts'
import { SportsFaults } from './faults.ts'
import { Feed } from './feed.ts'
import { FiguresChecker } from './figures-checker.ts'
import { type SportsMutant, sportsMutants } from './mutants.ts'
import { SportsNodes, type SportsStage } from './nodes.ts'
import { planOf, type SportsPlan } from './plan.ts'
import { checkAlike, checkRest, readSnapshot } from './rest.ts'
import { Script } from './script.ts'
import { keptSportsSeeds } from './seeds.ts'
import { GameView, LeagueView } from './views.ts'

/** What comes at once has this long where nothing is lost and nobody is slow. */
const promptMs = 150
/** Every third event stream is this far behind. */
const behindMs = 2000

/** Live games: feeds that tell and correct what happens, and viewers on WebSockets and event streams. */
export const sportsWorkload: Workload<SportsPlan, SportsNodes, SportsActors, SportsMutant> = {
  name: 'sports',
  topologies: ['single', 'fleet'],
  mutants: sportsMutants,
  keptSeeds: keptSportsSeeds,
  plan: (_, random) => planOf(random),
  services: stage => new SportsNodes(stage),
  actors: (stage, nodes) => new SportsActors(stage, nodes),
  check({ world, plan, options }, nodes, { scripts, users, isBusy }) {
    const { judge, tally } = world
    judge.hold(!isBusy, 'somebody has not come back, or a feed still waits for answers')
    const games = new Map(plan.games.map(game => [game, readSnapshot(nodes.answered(nodes.read(`/sports/games/${game}/snapshot`)))]))
    for (const machine of nodes.machines)
      checkAlike(judge, machine.name, games, game => nodes.answered(nodes.read(`/sports/games/${game}/snapshot`, machine)))
    checkRest({ judge, oracle: nodes.oracle, games, scripts, users, isToldOnce: options.topology !== 'fleet' })
    judge.hold(tally.of('batches') >= 3, `only ${tally.of('batches')} batches`)
    judge.hold(tally.of('urgent messages') >= 3, `only ${tally.of('urgent messages')} urgent messages came`)
    judge.hold(plan.faultMs === undefined || tally.of('faults') > 0, 'no fault struck')
  },
  close: nodes => nodes.close(),
}

type Viewer = User<GameView | LeagueView>

/** Feeds, viewers, and what goes wrong meanwhile. */
class SportsActors implements Actors {
  readonly users: readonly Viewer[]
  readonly scripts: readonly Script[]
  readonly #feeds: readonly Feed[]
  readonly #faults: SportsFaults

  constructor(
    readonly stage: SportsStage,
    readonly nodes: SportsNodes,
  ) {
    const { world, plan, options, seed } = stage
    const { time, judge, tally } = world
    const trace = (line: () => string) => world.trace(line)
    this.scripts = plan.games.map(game => new Script(game, world.fork(), () => time.now()))
    this.#feeds = options.idle
      ? []
      : this.scripts.map(
          script =>
            new Feed({ time, judge, tally, trace, random: world.fork(), machine: random => nodes.machine(random), ...plan }, script),
        )
    const context = this.#userContext()
    const websockets = Array.from({ length: plan.websockets }, (_, index) => this.#createWebSocket(context, index))
    const streams = Array.from({ length: plan.streams }, (_, index) => {
      return new StreamUser(context, `s${index}`, world.fork(), this.#someChannels(), (seed + index) % 3 === 0 ? behindMs : 0)
    })
    this.users = [...websockets, ...streams]
    const isStormy = plan.climate === 'stormy'
    const channels = [...this.#channels]
    const { users } = this
    this.#faults = new SportsFaults({
      time,
      tally,
      trace,
      nodes,
      users,
      channels,
      random: world.fork(),
      faultMs: plan.faultMs,
      isStormy,
    })
    if (plan.climate === 'calm') new FiguresChecker(this.users, nodes, world)
  }

  get isBusy(): boolean {
    return this.users.some(({ isConnected }) => !isConnected) || this.#feeds.some(({ isDone }) => !isDone)
  }

  heal(): void {
    this.#faults.stop()
    for (const feed of this.#feeds) feed.heal()
  }

  stop(): void {
    for (const feed of this.#feeds) feed.stop()
  }

  review(): number {
    return 0
  }

  get #channels(): readonly string[] {
    return ['sports:league_all', ...this.stage.plan.games.map(game => `sports:game_${game}`)]
  }

  #someChannels(): string[] {
    const { random } = this.stage.world
    const some = this.#channels.filter(() => random.next() < 0.6)
    return some.length > 0 ? some : [pick(random, this.#channels)]
  }

  #createWebSocket(context: UserContext<GameView | LeagueView>, index: number): Viewer {
    return new WebSocketUser(context, `w${index}`, this.stage.world.fork(), [], index === 0 ? [...this.#channels] : this.#someChannels())
  }

  #userContext(): UserContext<GameView | LeagueView> {
    const { world, plan } = this.stage
    const { time, judge, tally } = world
    const { oracle, namespaces } = this.nodes
    const followed = { judge, oracle, tally, now: () => time.now(), promptMs: plan.climate === 'calm' ? promptMs : undefined }
    return {
      ...{ time, judge, tally },
      server: random => this.nodes.machine(random),
      view: (channel, who, delayMs) => {
        const namespace = namespaceIn(namespaces, channel)
        const View = channel.startsWith('sports:game_') ? GameView : LeagueView
        return new View(followed, channel, namespace, who, delayMs)
      },
      trace: line => world.trace(line),
    }
  }
}

function namespaceIn(namespaces: Namespaces, channel: string): Namespace {
  const namespace = namespaces.resolve(channel)
  if (namespace === undefined) throw new Error(`${channel} does not exist`)
  return namespace
}
