import type { Random } from '../src/kit/index.ts'
import type { SimClock } from './clock.ts'
import type { Judge } from './judge.ts'
import type { Machine } from './machine.ts'
import type { Server } from './server.ts'
import type { Tally } from './tally.ts'
import type { View } from './view.ts'
import type { Pace } from './websocket-pipe.ts'

/** A client of the cluster, whichever way it is connected. */
export interface User {
  readonly name: string
  readonly pace: Pace
  readonly views: ReadonlyMap<string, View>
  /** The id that others see in presence; '' while it is not connected. */
  readonly clientId: string
  readonly isConnected: boolean
  /** The channels that it should be following when all is well. */
  readonly followed: readonly string[]
  cut(how: 'clean' | 'silent'): void
  subscribe(channel: string): void
  unsubscribe(channel: string): void
}

export interface UserContext {
  readonly time: SimClock
  readonly judge: Judge
  readonly tally: Tally
  /** Some server: a balancer in front knows nothing of stickiness. */
  server(random: Random): Machine<Server>
  view(channel: string, who: string, delayMs?: number): View
  trace(line: () => string): void
}
