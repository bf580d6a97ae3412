import { between } from '../../../src/kit/index.ts'
import type { User } from '../../clients/user.ts'
import { pick } from '../../core/chance.ts'
import { FaultInjector, type FaultInjectorContext } from '../../core/fault-injector.ts'
import type { ChannelsNodes } from './nodes.ts'
import type { ChannelsPlan } from './plan.ts'

export interface FaultsContext extends FaultInjectorContext {
  readonly plan: ChannelsPlan
  readonly nodes: ChannelsNodes
  readonly users: readonly User[]
}

/** Everything that may go wrong with clients and their lines; in a storm also with what they are connected to. */
export class Faults {
  readonly #injector: FaultInjector

  constructor(readonly context: FaultsContext) {
    const { plan, nodes } = context
    const ofClients = drizzle.map(([name, strike]) => ({ name, strike: () => strike(context) }))
    this.#injector = new FaultInjector(context, plan.climate === 'stormy' ? [...ofClients, ...nodes.faults()] : ofClients)
  }

  /** No new trouble, and the end of all that is under way. */
  stop(): void {
    this.#injector.stop()
    this.context.nodes.heal()
    for (const { pace } of this.context.users) if (pace.isThin !== true) pace.bytesPerMs = 500
  }
}

type Strike = (context: FaultsContext) => void

const cutLines: Strike = ({ random, users }) => pick(random, users).cut(random.next() < 0.7 ? 'clean' : 'silent')

const slowReader: Strike = ({ random, users, time }) => {
  const { pace } = pick(random, users)
  if (pace.isThin) return
  pace.bytesPerMs = pick(random, [0.1, 0.5, 2])
  time.after(between(random, 1000, 10_000), () => {
    pace.bytesPerMs = 500
  })
}

const changesMind: Strike = ({ random, users, plan, time }) => {
  const user = pick(random, users)
  const channel = pick(random, plan.channels)
  if (user.followed.includes(channel)) user.unsubscribe(channel)
  else user.subscribe(channel)
  if (random.next() < 0.5) time.after(between(random, 0, 100), () => user.subscribe(channel))
}

const control: Strike = ({ random, nodes, users, plan }) => {
  const { process } = pick(random, nodes.machines)
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
