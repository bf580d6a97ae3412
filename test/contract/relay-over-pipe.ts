import { SimClock } from '../../sim/core/clock.ts'
import { MemoryBroker, MemoryPresence } from '../../src/broker/index.ts'
import type { Connector } from '../../src/cluster/connector.ts'
import { Children, ControlLog, Relay, RelayBroker, RelayPresence, Uplink, UpstreamBroker } from '../../src/cluster/index.ts'
import { defaultLimits, type Exchange, Namespaces, Node, type Presence, readNamespace, silentLog } from '../../src/hub/index.ts'
import { seededRandom } from '../../src/kit/index.ts'
import { PipeSocket } from '../kit/fakes/link-pipe.ts'
import { contractNamespaces, Heard } from './broker.ts'

/** How long something that was asked of the other node may be under way. */
const underWayMs = 50

/** A broker and presence as a node has them, on a clock that stands still. */
export class Stage {
  readonly heard = new Heard()

  constructor(
    readonly clock: SimClock,
    readonly broker: Exchange,
    readonly presence: Presence,
    readonly end: () => Promise<void>,
  ) {
    broker.attach(this.heard)
  }

  done = <T>(work: Promise<T>): Promise<T> => {
    this.clock.advance(underWayMs)
    return work
  }

  settle = (): Promise<void> => this.pass(underWayMs)

  pass = async (ms: number): Promise<void> => this.clock.advance(ms)

  close = (): Promise<void> => this.end()
}

function nodeOf(
  id: string,
  clock: SimClock,
  namespaces: Namespaces,
  connectBroker: ConstructorParameters<typeof Node>[0]['connectBroker'],
  openPresence: ConstructorParameters<typeof Node>[0]['openPresence'],
): Node {
  return new Node({
    ...{ id, name: id, version: 'test', clock, random: seededRandom(1), log: silentLog, limits: defaultLimits, namespaces },
    ...{ hooks: {}, insecure: true, anonymousAllowed: true, connectBroker, openPresence },
  })
}

/** A central node, whose broker is in this process. */
export function centralNode(clock: SimClock) {
  const namespaces = new Namespaces(contractNamespaces)
  const options = { clock, random: seededRandom(1), namespaces, limits: defaultLimits }
  let broker: MemoryBroker | undefined
  const node = nodeOf(
    'above',
    clock,
    namespaces,
    sink => {
      broker = new MemoryBroker(options, sink)
      return broker
    },
    opened => new MemoryPresence(options, opened),
  )
  if (broker === undefined) throw new Error('the node opened no broker')
  return { node, broker, namespaces }
}

/** Whoever links from below, by pipes. */
function childrenOf({ node, broker, namespaces }: ReturnType<typeof centralNode>, clock: SimClock): Children {
  const controls = new ControlLog('above')
  broker.attach({ deliver() {}, mayHaveMissed() {}, removed() {}, control: message => controls.issue(message) })
  return new Children({
    ...{ clock, log: silentLog, controls, secret: 's', isSecret: () => true, isRoot: true, peers: undefined },
    node: () => node,
    exchange: () => broker,
    welcome: () => ({
      ...{ node: 'above', path: ['above'], namespaces: namespaces.list().map(({ options }) => options) },
      ...{ authorized: [], historyElsewhere: [], hasConnectHandlers: false, listens: false },
    }),
    revocations: async () => [],
    redeem: () => undefined,
    changeWatch: async () => null,
    takeWatch: async () => null,
    happened() {},
    left: owner => node.lost(owner),
    changed() {},
    parted() {},
  })
}

function pipeTo(children: Children, clock: SimClock): Connector {
  return (_upstream, _secret, events) => {
    const [lower, upper] = PipeSocket.pair(clock)
    lower.received = text => events.received(text)
    lower.ended = (code, reason) => events.ended(code, reason)
    const child = children.accept(upper)
    upper.received = text => child.received(text)
    upper.ended = () => child.gone()
    clock.soon(() => events.opened())
    return lower
  }
}

/** A relay below a central node, over a link whose lines go through memory. */
export function relayOverPipe(): Stage {
  const clock = new SimClock()
  const above = centralNode(clock)
  const children = childrenOf(above, clock)
  const namespaces = new Namespaces([])
  const controls = new ControlLog(undefined)
  const relay = new Relay('below', controls)
  const random = seededRandom(2)
  const uplink = new Uplink(
    { clock, random, log: silentLog, node: 'below', upstreams: ['ws://above'], secret: 's', connect: pipeTo(children, clock) },
    relay,
  )
  const presence = new RelayPresence(clock, uplink)
  let broker: RelayBroker | undefined
  const node = nodeOf(
    'below',
    clock,
    namespaces,
    sink => {
      broker = new RelayBroker({ clock, random, namespaces, healMax: 1000 }, new UpstreamBroker(uplink), sink)
      return broker
    },
    () => presence,
  )
  if (broker === undefined) throw new Error('the node opened no broker')
  void relay.begin({
    ...{ clock, node, broker, presence, uplink, controls, reportMs: 2000 },
    adopt: all => {
      for (const fields of all) namespaces.add(readNamespace(fields))
    },
    changed() {},
    reports: () => [],
    changeWatch: async () => null,
    takeWatch: async () => null,
    channels: async () => ({}),
    push: async () => false,
    stats: () => null,
    lost() {},
  })
  clock.advance(underWayMs)
  return new Stage(clock, broker, presence, async () => {
    relay.close()
    uplink.close()
    children.close()
    await node.close()
    await above.node.close()
  })
}

/** The broker and presence of a single process. */
export function inMemory(): Stage {
  const clock = new SimClock()
  const { node, broker } = centralNode(clock)
  return new Stage(clock, broker, node.presence, () => node.close())
}
