import { StreamUser } from '../../clients/stream-user.ts'
import type { UserContext } from '../../clients/user.ts'
import { WebSocketUser } from '../../clients/websocket-user.ts'
import { fleetMutants, linkMutants } from '../../cluster/fleet/mutants.ts'
import { pick } from '../../core/chance.ts'
import type { Actors, Workload } from '../../core/workload.ts'
import { BrokerNodes } from './broker-nodes.ts'
import { Faults } from './faults.ts'
import { FleetNodes } from './fleet-nodes.ts'
import { brokerMutants, type ChannelsMutant } from './mutants.ts'
import type { ChannelsNodes, ChannelsOptions, ChannelsStage } from './nodes.ts'
import { type ChannelsPlan, planOf } from './plan.ts'
import { Publisher } from './publisher.ts'
import { checkRest, type RestContext } from './rest.ts'
import { keptSeeds, keptThinSeeds } from './seeds.ts'
import { TreeNodes } from './tree-nodes.ts'
import { View } from './view.ts'

/** Some of those on event streams are this far behind. */
const behindMs = 2000
/** How often bounds are looked at. */
const checkMs = 200
/** What a session's socket may hold at most: what was under the mark, and one write on top. */
const socketBytesMax = 40_000
/** What answers to small commands may take on top, of which a client has a few under way. */
const smallAnswersBytes = 1_000
/** What comes at once has this long where nothing is lost and nobody is slow. */
const promptMs = 150

/** Channels of every delivery on nodes around a broker, with clients on WebSockets and event streams. */
export function channelsWorkload(options: ChannelsOptions = {}): Workload<ChannelsPlan, ChannelsNodes, ChannelsActors, ChannelsMutant> {
  return {
    name: options.thinLines ? 'thin' : 'channels',
    topologies: options.thinLines ? ['broker'] : ['broker', 'tree', 'fleet'],
    mutants: [...brokerMutants, ...fleetMutants, ...linkMutants],
    keptSeeds: options.thinLines ? keptThinSeeds : keptSeeds,
    plan: (_, random) => planOf(random),
    services: stage => nodesOf(stage, options),
    actors: (stage, nodes) => new ChannelsActors(stage, nodes, options),
    check(stage, nodes, actors) {
      checkRest(atRest(stage, nodes, actors))
      nodes.check()
      checkTally(stage)
    },
  }
}

function nodesOf(stage: ChannelsStage, options: ChannelsOptions): ChannelsNodes {
  const { topology } = stage.options
  if (topology === 'fleet') return new FleetNodes(stage, options)
  return topology === 'tree' ? new TreeNodes(stage) : new BrokerNodes(stage, options)
}

/** Clients, publishers, and what goes wrong meanwhile. */
class ChannelsActors implements Actors {
  readonly isBusy = false
  readonly websockets: readonly WebSocketUser<View>[]
  readonly streams: readonly StreamUser<View>[]
  readonly #publisher: Publisher
  readonly #faults: Faults

  constructor(
    readonly stage: ChannelsStage,
    readonly nodes: ChannelsNodes,
    readonly options: ChannelsOptions,
  ) {
    const { world, plan, seed } = stage
    const { time, random, judge, tally } = world
    const { oracle, machines } = nodes
    const context = this.#userContext()
    this.websockets = Array.from({ length: plan.websockets }, (_, index) => this.#createWebSocket(context, index))
    this.streams = Array.from({ length: plan.streams }, (_, index) => {
      return new StreamUser(context, `s${index}`, world.fork(), this.#someChannels(), (seed + index) % 3 === 0 ? behindMs : 0)
    })
    const trace = (line: () => string) => world.trace(line)
    const users = this.websockets
    this.#publisher = new Publisher({ time, random: world.fork(), plan, oracle, judge, tally, machines, users, trace })
    this.#faults = new Faults({ time, random, plan, tally, nodes, users: this.users, trace, faultMs: plan.faultMs })
    if (options.thinLines) this.#thin()
    if (stage.options.idle) this.#publisher.stop()
    this.#checkBounds()
  }

  get users(): readonly (WebSocketUser<View> | StreamUser<View>)[] {
    return [...this.websockets, ...this.streams]
  }

  heal(): void {
    this.#faults.stop()
  }

  stop(): void {
    this.#publisher.stop()
  }

  review(): number {
    return 0
  }

  #createWebSocket(context: UserContext<View>, index: number): WebSocketUser<View> {
    const { world } = this.stage
    const channels = this.#someChannels()
    const kept = channels.find(channel => channel.startsWith('log:') || channel.startsWith('chat:'))
    const serverSide = kept !== undefined && world.random.next() < 0.5 ? [kept] : []
    const wanted = channels.filter(channel => !serverSide.includes(channel))
    return new WebSocketUser(context, `w${index}`, world.fork(), serverSide, wanted)
  }

  #userContext(): UserContext<View> {
    const { world, plan } = this.stage
    const { time, judge, tally } = world
    const now = () => time.now()
    const isPrompt = plan.climate === 'calm' && !this.options.thinLines
    const viewContext = { judge, oracle: this.nodes.oracle, tally, now, promptMs: isPrompt ? promptMs : undefined }
    return {
      time,
      judge,
      tally,
      server: random => pick(random, this.nodes.machines),
      view: (channel, who, delayMs = 0) => {
        const namespace = plan.namespaces.resolve(channel)
        if (namespace === undefined) throw new Error(`${who} wants ${channel}, which does not exist`)
        return new View(viewContext, channel, namespace, who, delayMs)
      },
      trace: line => world.trace(line),
    }
  }

  #thin(): void {
    for (const [index, { pace }] of this.websockets.entries()) {
      if (index % 2 === 1) continue
      pace.isThin = true
      pace.bytesPerMs = pick(this.stage.world.random, [0.5, 1, 2])
    }
  }

  #someChannels(): string[] {
    const { plan, world } = this.stage
    const some = plan.channels.filter(() => world.random.next() < 0.6)
    return some.length > 0 ? some : [...plan.channels]
  }

  /** Looks at every session's bounds, again and again. */
  #checkBounds(): void {
    const { plan, world } = this.stage
    const { outboxBytesMax, historyPageBytesMax } = plan.limits
    // What was pushed, one large answer, and the small ones to what was asked meanwhile.
    const queuedBytesMax = outboxBytesMax + historyPageBytesMax + smallAnswersBytes
    for (const { process } of this.nodes.machines) {
      for (const { outbox, socket, user } of process?.node.sessions.all() ?? []) {
        world.judge.hold(outbox.queuedBytes <= queuedBytesMax, `${user} has ${outbox.queuedBytes} bytes queued`)
        world.judge.hold(socket.bufferedBytes() <= socketBytesMax, `${user} has ${socket.bufferedBytes()} bytes in its socket`)
      }
    }
    world.time.after(checkMs, () => this.#checkBounds())
  }
}

function atRest({ world, plan }: ChannelsStage, nodes: ChannelsNodes, { users }: ChannelsActors): RestContext {
  const { judge, tally } = world
  const running = nodes.running()
  for (const { node } of running) tally.count('ephemeral dropped', node.counters.dropped)
  return { plan, judge, oracle: nodes.oracle, running, users, ...nodes.atRest() }
}

/** A run in which little happened says nothing. */
function checkTally({ world, plan }: ChannelsStage): void {
  const { judge, tally } = world
  const delivered = [...tally.counts].reduce((sum, [what, times]) => (what.startsWith('delivered ') ? sum + times : sum), 0)
  judge.hold(tally.of('publishes') >= 50, `only ${tally.of('publishes')} publishes`)
  judge.hold(delivered >= 25, `only ${delivered} deliveries`)
  judge.hold(tally.of('writes after the end') === 0, 'something was written to a session after its end')
  judge.hold(plan.faultMs === undefined || tally.of('faults') > 0, 'no fault struck')
}
