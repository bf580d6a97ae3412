import { RelayBroker } from '../../src/cluster/index.ts'
import { type Node, websocketWire } from '../../src/hub/index.ts'
import { every, type Random } from '../../src/kit/index.ts'
import {
  ConnectionGuard,
  changeWatchlist,
  Origins,
  SseTransport,
  type WatchlistChange,
  type WatchReply,
} from '../../src/transport/index.ts'
import type { MachineClock } from '../core/clock.ts'
import type { Judge } from '../core/judge.ts'
import type { Machine } from '../core/machine.ts'
import type { Network } from '../core/network.ts'
import type { HistoryChecker } from '../workloads/channels/history-checker.ts'
import type { ChannelsPlan } from '../workloads/channels/plan.ts'
import { BrokerLink, PresenceLink } from './broker-link.ts'
import type { Central } from './central.ts'
import { Line } from './line.ts'
import type { Listener } from './listener.ts'
import { judgedLog, openNode } from './open-node.ts'
import { SocketSet } from './socket-set.ts'

export interface ServerOptions {
  readonly plan: ChannelsPlan
  readonly random: Random
  readonly central: Machine<Central>
  readonly network: Network
  readonly judge: Judge
  readonly historyChecker: HistoryChecker | undefined
  readonly relayed: boolean
}

/** One server process: a node, its line to the central broker, and both transports. */
export class Server implements Listener {
  readonly isListening = true
  readonly node: Node
  readonly sse: SseTransport
  readonly wire = websocketWire(() => new SocketSet())
  readonly line: Line
  /** Connections of clients, which break with the machine. */
  readonly pipes = new Set<{ reset(): void }>()

  constructor(
    readonly options: ServerOptions,
    readonly machine: Machine<Server>,
    readonly clock: MachineClock,
  ) {
    const { plan, random, central, network, judge, historyChecker } = options
    const { limits, namespaces } = plan
    const id = `${machine.name}-${machine.starts}`
    this.line = new Line({ id, central, network, machine, clock })
    const link = new BrokerLink(this.line, (channel, query, page) => historyChecker?.see(channel, query, page))
    this.node = openNode({
      ...{ id, clock, random, limits, namespaces, log: judgedLog(judge, machine.name, clock) },
      connectBroker: sink => {
        this.line.sink = sink
        if (!options.relayed) return link
        const relay = new RelayBroker({ clock, random, namespaces, healMax: limits.recoveryMax }, link, sink)
        this.line.sink = {
          deliver: (channel, delivery) => relay.received(channel, delivery),
          control: message => relay.controlled(message),
        }
        // A relay asks by itself only when its link is new; this line never says that it broke.
        every(clock, limits.positionCheckMs, () => relay.resubscribe())
        return relay
      },
      openPresence: () => new PresenceLink(this.line),
    })
    const elsewhere = { redeem: (token: string) => token, takeWatch: async () => undefined }
    this.sse = new SseTransport(this.node, new ConnectionGuard(this.node, new Origins([])), elsewhere)
  }

  changeWatchlist(id: string, user: string, change: WatchlistChange): Promise<WatchReply> {
    return changeWatchlist(this.sse, id, user, change)
  }

  stop(): void {
    this.sse.close()
    void this.node.close()
    this.line.hangUp()
  }

  gone(): void {
    for (const pipe of [...this.pipes]) pipe.reset()
  }
}
