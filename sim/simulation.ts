import { type Random, seededRandom } from '../src/kit/index.ts'
import type { Position } from '../src/protocol/index.ts'
import type { Canary } from './canary.ts'
import { Central } from './central.ts'
import { SimClock } from './clock.ts'
import { Disk } from './disk.ts'
import { Faults } from './faults.ts'
import { Judge, type Violation } from './judge.ts'
import { Ledger } from './ledger.ts'
import { Machine } from './machine.ts'
import { Network } from './network.ts'
import { calmWeather, type Plan, pick, planOf, restMs } from './plan.ts'
import { Publisher } from './publisher.ts'
import { checkRest, type RestContext } from './rest.ts'
import { Server } from './server.ts'
import { asSparse } from './sparse-broker.ts'
import { StreamUser } from './stream-user.ts'
import { Tally } from './tally.ts'
import type { UserContext } from './user.ts'
import { View } from './view.ts'
import { WebSocketUser } from './websocket-user.ts'
import { Witness } from './witness.ts'

export interface SimulationOptions {
  /** A broker that is broken on purpose. */
  readonly canary?: Canary
  /** Whether pages of history are judged where they arrive; without, only what clients see counts. */
  readonly witnessed?: boolean
  /** Nobody publishes. */
  readonly idle?: boolean
  /** Every other WebSocket is read from a thin line, to the end. */
  readonly thinLines?: boolean
  /** Is told everything that happens. */
  readonly trace?: (line: string) => void
}

export interface Outcome {
  readonly seed: number
  readonly plan: Plan
  readonly tally: Tally
  readonly events: number
  /** The first promise that was broken. */
  readonly violation: Error | undefined
}

/** How long publishing goes on after the last trouble. */
const calmMs = 2000
/** Some of those on event streams are this far behind. */
const behindMs = 2000
/** How often bounds are looked at. */
const patrolMs = 200
/** What a session's socket may hold at most: what was under the mark, and one write on top. */
const socketBytesMax = 40_000
/** What comes at once has this long where nothing is lost and nobody is slow. */
const promptMs = 150

/** A whole cluster with its clients for half a minute or so, all of it from one seed. */
export class Simulation {
  readonly time = new SimClock()
  readonly tally = new Tally()
  readonly random: Random
  readonly plan: Plan
  readonly judge: Judge
  readonly ledger: Ledger
  readonly network: Network
  readonly central: Machine<Central>
  readonly machines: readonly Machine<Server>[]
  readonly websockets: readonly WebSocketUser[]
  readonly streams: readonly StreamUser[]
  readonly publisher: Publisher
  readonly faults: Faults
  readonly #began: number

  constructor(
    readonly seed: number,
    readonly options: SimulationOptions = {},
  ) {
    this.random = seededRandom(seed)
    this.plan = planOf(this.random)
    this.#began = this.time.now()
    this.judge = new Judge(() => this.#stamp())
    this.ledger = new Ledger(this.judge, () => this.time.now())
    this.network = new Network(this.time, this.random, this.tally, this.plan.weather)
    this.central = this.#makeCentral()
    this.central.start()
    this.machines = this.plan.relayed.map((relayed, index) => this.#makeServer(index, relayed))
    for (const machine of this.machines) machine.start()
    const context = this.#userContext()
    this.websockets = Array.from({ length: this.plan.websockets }, (_, index) => this.#makeWebSocket(context, index))
    this.streams = Array.from({ length: this.plan.streams }, (_, index) => {
      return new StreamUser(context, `s${index}`, this.#fork(), this.#someChannels(), (seed + index) % 3 === 0 ? behindMs : 0)
    })
    const { time, random, plan, ledger, judge, tally, machines, network, central } = this
    const trace = (line: () => string) => this.#trace(line)
    this.publisher = new Publisher({ time, random: this.#fork(), plan, ledger, judge, tally, machines, users: this.websockets, trace })
    this.faults = new Faults({ time, random, plan, tally, network, central, machines, users: [...this.websockets, ...this.streams], trace })
    if (options.thinLines) this.#thin()
    if (options.idle) this.publisher.stop()
    this.#patrol()
  }

  run(): Outcome {
    const violation = this.#attempt()
    return { seed: this.seed, plan: this.plan, tally: this.tally, events: this.time.events, violation }
  }

  #attempt(): Error | undefined {
    try {
      return this.#play()
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error))
    }
  }

  #play(): Violation | undefined {
    if (!this.#advance(this.plan.busyMs)) return this.judge.verdict
    this.faults.stop()
    this.network.weather = calmWeather
    this.#trace(() => 'calm')
    if (!this.#advance(calmMs)) return this.judge.verdict
    this.publisher.stop()
    this.#trace(() => 'rest')
    if (!this.#advance(restMs)) return this.judge.verdict
    checkRest(this.#atRest())
    this.#checkTally()
    return this.judge.verdict
  }

  #atRest(): RestContext {
    const { plan, judge, ledger } = this
    const ends = new Map<string, Position>()
    const present = new Map<string, ReadonlySet<string>>()
    for (const channel of plan.channels) {
      void this.central.process?.broker.history(channel, { limit: 0 }).then(({ position }) => ends.set(channel, position))
      void this.central.process?.presence.list(channel).then(clients => present.set(channel, new Set(clients.keys())))
    }
    this.time.settle()
    for (const { process } of this.machines) this.tally.count('ephemeral dropped', process?.node.counters.dropped)
    const servers = this.machines.flatMap(({ process }) => process ?? [])
    return { plan, judge, ledger, ends, present, servers, users: [...this.websockets, ...this.streams] }
  }

  /** Moves time on until a promise is broken; whether none was. */
  #advance(ms: number): boolean {
    const end = this.time.now() + ms
    while (this.time.now() < end && this.judge.verdict === undefined) this.time.advance(stepMs)
    return this.judge.verdict === undefined
  }

  /** A run in which little happened says nothing. */
  #checkTally(): void {
    const delivered = [...this.tally.counts].reduce((sum, [what, times]) => (what.startsWith('delivered ') ? sum + times : sum), 0)
    this.judge.hold(this.tally.of('publishes') >= 50, `only ${this.tally.of('publishes')} publishes`)
    this.judge.hold(delivered >= 25, `only ${delivered} deliveries`)
    this.judge.hold(this.tally.of('writes after the end') === 0, 'something was written to a session after its end')
    this.judge.hold(this.plan.faultMs === undefined || this.tally.of('faults') > 0, 'no fault struck')
    this.judge.hold(this.plan.climate === 'calm' || this.tally.of('messages lost') > 0, 'no message was lost')
  }

  #makeCentral(): Machine<Central> {
    const { ledger, network, plan, options, random } = this
    const { namespaces, limits } = plan
    // A broken broker counts places, and a thin line bytes: both are told in offsets that do not skip.
    const isSparse = plan.isSparse && options.canary === undefined && options.thinLines !== true
    if (isSparse) this.tally.count('a log whose offsets skip')
    const disk = new Disk({ accepts: () => this.faults.accepts() }, ({ channel, epoch, publication }) =>
      ledger.record(channel, epoch, isSparse ? asSparse(publication) : publication),
    )
    return new Machine('central', this.time, (machine, clock) => {
      return new Central({ random, namespaces, limits, log: disk, ledger, network, canary: options.canary, isSparse }, machine, clock)
    })
  }

  #makeServer(index: number, relayed: boolean): Machine<Server> {
    const { plan, central, network, judge } = this
    const random = this.#fork()
    const witness = this.options.witnessed === false ? undefined : new Witness(judge, this.ledger, plan.namespaces)
    return new Machine(`n${index}`, this.time, (machine, clock) => {
      return new Server({ plan, random, central, network, judge, witness, relayed }, machine, clock)
    })
  }

  #makeWebSocket(context: UserContext, index: number): WebSocketUser {
    const channels = this.#someChannels()
    const kept = channels.find(channel => channel.startsWith('log:') || channel.startsWith('chat:'))
    const serverSide = kept !== undefined && this.random.next() < 0.5 ? [kept] : []
    return new WebSocketUser(
      context,
      `w${index}`,
      this.#fork(),
      serverSide,
      channels.filter(channel => !serverSide.includes(channel)),
    )
  }

  #userContext(): UserContext {
    const { time, judge, tally, plan, ledger } = this
    const now = () => time.now()
    const viewContext = { judge, ledger, tally, now, promptMs: plan.climate === 'calm' && !this.options.thinLines ? promptMs : undefined }
    return {
      time,
      judge,
      tally,
      server: random => pick(random, this.machines),
      view: (channel, who, delayMs = 0) => {
        const namespace = plan.namespaces.resolve(channel)
        if (namespace === undefined) throw new Error(`${who} wants ${channel}, which does not exist`)
        return new View(viewContext, channel, namespace, who, delayMs)
      },
      trace: line => this.#trace(line),
    }
  }

  #thin(): void {
    for (const [index, { pace }] of this.websockets.entries()) {
      if (index % 2 === 1) continue
      pace.isThin = true
      pace.bytesPerMs = pick(this.random, [0.5, 1, 2])
    }
  }

  #someChannels(): string[] {
    const some = this.plan.channels.filter(() => this.random.next() < 0.6)
    return some.length > 0 ? some : [...this.plan.channels]
  }

  /** Looks at every session's bounds, again and again. */
  #patrol(): void {
    const { outboxBytesMax, historyPageBytesMax } = this.plan.limits
    // What was pushed, and one large reply.
    const queuedBytesMax = outboxBytesMax + historyPageBytesMax
    for (const { process } of this.machines) {
      for (const { outbox, socket, user } of process?.node.sessions.all() ?? []) {
        this.judge.hold(outbox.queuedBytes <= queuedBytesMax, `${user} has ${outbox.queuedBytes} bytes queued`)
        this.judge.hold(socket.bufferedBytes() <= socketBytesMax, `${user} has ${socket.bufferedBytes()} bytes in its socket`)
      }
    }
    this.time.after(patrolMs, () => this.#patrol())
  }

  #fork(): Random {
    return seededRandom(Math.floor(this.random.next() * 2 ** 32))
  }

  #trace(line: () => string): void {
    this.options.trace?.(`${this.#stamp()} ${line()}`)
  }

  #stamp(): string {
    return `${((this.time.now() - this.#began) / 1000).toFixed(3)} s:`
  }
}

const stepMs = 250
