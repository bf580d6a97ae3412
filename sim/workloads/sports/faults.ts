import { between } from '../../../src/kit/index.ts'
import type { User } from '../../clients/user.ts'
import { pick } from '../../core/chance.ts'
import { type Fault, FaultInjector, type FaultInjectorContext } from '../../core/fault-injector.ts'
import type { SportsNodes } from './nodes.ts'

export interface SportsFaultsContext extends FaultInjectorContext {
  readonly isStormy: boolean
  readonly nodes: Pick<SportsNodes, 'faults' | 'heal'>
  readonly users: readonly User[]
  readonly channels: readonly string[]
}

/** Everything that may go wrong with viewers, lines, and nodes. */
export class SportsFaults {
  readonly #injector: FaultInjector
  constructor(readonly context: SportsFaultsContext) {
    this.#injector = new FaultInjector(context, context.isStormy ? [...this.#ofViewers(), ...context.nodes.faults()] : this.#ofViewers())
  }

  stop(): void {
    this.#injector.stop()
    this.context.nodes.heal()
    for (const { pace } of this.context.users) pace.bytesPerMs = 500
  }

  #ofViewers(): Fault[] {
    const { random, users, channels, time } = this.context
    const cut = () => pick(random, users).cut(random.next() < 0.7 ? 'clean' : 'silent')
    const slowDown = () => {
      const { pace } = pick(random, users)
      pace.bytesPerMs = pick(random, [2, 10])
      time.after(between(random, 500, 4000), () => {
        pace.bytesPerMs = 500
      })
    }
    const changeMind = () => {
      const user = pick(random, users)
      const channel = pick(random, channels)
      if (user.followed.includes(channel) && user.followed.length > 1) user.unsubscribe(channel)
      else user.subscribe(channel)
    }
    return [
      { name: 'a line is cut', strike: cut },
      { name: 'a line is cut', strike: cut },
      { name: 'a viewer is slow', strike: slowDown },
      { name: 'a viewer changes its mind', strike: changeMind },
    ]
  }
}
