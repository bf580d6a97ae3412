import { between } from '../../../src/kit/index.ts'
import type { User } from '../../clients/user.ts'
import type { Central } from '../../cluster/central.ts'
import type { Server } from '../../cluster/server.ts'
import { pick } from '../../core/chance.ts'
import { FaultInjector, type FaultInjectorContext } from '../../core/fault-injector.ts'
import type { Machine, Process } from '../../core/machine.ts'
import type { Network } from '../../core/network.ts'
import type { ChannelsPlan } from './plan.ts'

export interface FaultsContext extends FaultInjectorContext {
  readonly plan: ChannelsPlan
  readonly network: Network
  readonly central: Machine<Central>
  readonly machines: readonly Machine<Server>[]
  readonly users: readonly User[]
}

/** Milliseconds that a publisher's disk may take before it answers, by chance. */
const slowDiskMs = 400
const hourMs = 3_600_000

/** Everything that may go wrong with machines, disks, lines and clocks, at times that the seed chose. */
export class Faults {
  readonly #injector: FaultInjector
  #diskRefusesUntil = 0
  #diskIsSlowUntil = 0

  constructor(readonly context: FaultsContext) {
    const strikes = context.plan.climate === 'stormy' ? storm : drizzle
    this.#injector = new FaultInjector(
      context,
      strikes.map(([name, strike]) => ({ name, strike: () => strike(this, context) })),
    )
  }

  /** No new trouble, and the end of all that is under way. */
  stop(): void {
    this.#injector.stop()
    this.#diskRefusesUntil = 0
    this.#diskIsSlowUntil = 0
    const { central, machines, users, network } = this.context
    central.start()
    for (const machine of machines) {
      machine.start()
      network.heal(machine, central)
    }
    for (const { pace } of users) if (pace.isThin !== true) pace.bytesPerMs = 500
  }

  /** What the disk of the central machine does with an append. */
  accepts(): boolean {
    const now = this.context.time.now()
    if (now < this.#diskIsSlowUntil) {
      this.context.tally.count('appends that took long')
      this.context.central.clock.stall(between(this.context.random, 1, slowDiskMs))
    }
    if (now >= this.#diskRefusesUntil) return true
    this.context.tally.count('appends refused')
    return false
  }

  refuseAppends(ms: number): void {
    this.#diskRefusesUntil = this.context.time.now() + ms
  }

  slowDown(ms: number): void {
    this.#diskIsSlowUntil = this.context.time.now() + ms
  }

  /** Down now, up again after a while. */
  crash<P extends Process>(machine: Machine<P>, downMs: number): void {
    machine.crash()
    this.context.time.after(downMs, () => machine.start())
  }
}

type Strike = (faults: Faults, context: FaultsContext) => void

const cutLines: Strike = (_, { random, users }) => pick(random, users).cut(random.next() < 0.7 ? 'clean' : 'silent')

const slowReader: Strike = (_, { random, users, time }) => {
  const { pace } = pick(random, users)
  if (pace.isThin) return
  pace.bytesPerMs = pick(random, [0.1, 0.5, 2])
  time.after(between(random, 1000, 10_000), () => {
    pace.bytesPerMs = 500
  })
}

const changesMind: Strike = (_, { random, users, plan, time }) => {
  const user = pick(random, users)
  const channel = pick(random, plan.channels)
  if (user.followed.includes(channel)) user.unsubscribe(channel)
  else user.subscribe(channel)
  if (random.next() < 0.5) time.after(between(random, 0, 100), () => user.subscribe(channel))
}

const partition: Strike = (_, { random, machines, central, network, time }) => {
  const machine = pick(random, machines)
  network.part(machine, central)
  time.after(between(random, 200, pick(random, [1000, 5000, 18_000])), () => network.heal(machine, central))
}

const stall: Strike = (_, { random, machines, central }) => {
  const machine = pick(random, [...machines, central])
  machine.clock.stall(between(random, 20, pick(random, [100, 1000, 3000])))
}

const clockLeap: Strike = (_, { random, machines, central }) => {
  if (random.next() < 0.3) central.clock.leap(between(random, -2000, 5000))
  else pick(random, machines).clock.leap(between(random, -hourMs, hourMs))
}

const control: Strike = (_, { random, machines, users, plan }) => {
  const { process } = pick(random, machines)
  const user = pick(random, users).name
  const message = pick(random, [
    { kind: 'disconnect' as const, user, code: 3011, reason: 'force reconnect' },
    { kind: 'unsubscribe' as const, user, channel: pick(random, plan.channels) },
    { kind: 'subscribe' as const, user, channel: 'plain:given', options: {} },
  ])
  process?.node.broker.control(message).catch(() => undefined)
}

const drizzle: readonly (readonly [string, Strike])[] = [
  ['a line is cut', cutLines],
  ['a line is cut', cutLines],
  ['a reader is slow', slowReader],
  ['a client changes its mind', changesMind],
  ['an administrator acts', control],
]

const storm: readonly (readonly [string, Strike])[] = [
  ...drizzle,
  ['a server crashes', (faults, { random, machines }) => faults.crash(pick(random, machines), between(random, 100, 4000))],
  [
    'a server shuts down',
    (_, { random, machines, time }) => {
      const machine = pick(random, machines)
      machine.shutDown()
      time.after(between(random, 100, 2000), () => machine.start())
    },
  ],
  ['the broker crashes', (faults, { random, central }) => faults.crash(central, between(random, 50, 3000))],
  ['a server is parted from the broker', partition],
  ['a machine stands still', stall],
  ['a clock leaps', clockLeap],
  ['the disk is slow', (faults, { random }) => faults.slowDown(between(random, 200, 3000))],
  ['the disk refuses', (faults, { random }) => faults.refuseAppends(between(random, 200, 2000))],
]
