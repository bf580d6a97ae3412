import type { Namespace } from '../../src/hub/index.ts'
import type { Random } from '../../src/kit/index.ts'
import type { ClientInfo, Position } from '../../src/protocol/index.ts'
import type { Listener } from '../cluster/listener.ts'
import type { Pace } from '../cluster/websocket-pipe.ts'
import type { SimClock } from '../core/clock.ts'
import type { Judge } from '../core/judge.ts'
import type { MachineWith } from '../core/machine.ts'
import type { Tally } from '../core/tally.ts'
import type { WirePublication, WireSubscription } from './wire.ts'

/** What a client knows of one channel, held to what the channel's workload promises. */
export interface ChannelView {
  readonly channel: string
  readonly namespace: Namespace
  readonly position: Position | undefined
  readonly isOn: boolean
  /** Whether the client gets every publication, once and in order. */
  readonly follows: boolean
  /** The subscription began. `since` is where it was asked to go on. */
  begin(reply: WireSubscription, since: Position | undefined): void
  /** Ends it; what is known stays, to go on from. */
  end(): void
  take(publication: WirePublication): void
  joined(info: ClientInfo): void
  left(info: ClientInfo): void
}

/** A client of the cluster, whichever way it is connected. */
export interface User<V extends ChannelView = ChannelView> {
  readonly name: string
  readonly pace: Pace
  readonly views: ReadonlyMap<string, V>
  /** The id that others see in presence; '' while it is not connected. */
  readonly clientId: string
  readonly isConnected: boolean
  /** The channels that it should be following when all is well. */
  readonly followed: readonly string[]
  cut(how: 'clean' | 'silent'): void
  subscribe(channel: string): void
  unsubscribe(channel: string): void
}

export interface UserContext<V extends ChannelView = ChannelView> {
  readonly time: SimClock
  readonly judge: Judge
  readonly tally: Tally
  /** Some server: a balancer in front knows nothing of stickiness. */
  server(random: Random): MachineWith<Listener>
  view(channel: string, who: string, delayMs?: number): V
  trace(line: () => string): void
}

/** Tokens say plainly who one is: nothing here is about forging them. */
export function tokenOf(user: string, serverSide: readonly string[] = []): string {
  const subs = Object.fromEntries(serverSide.map(channel => [channel, {}]))
  return JSON.stringify({ user, subs })
}
