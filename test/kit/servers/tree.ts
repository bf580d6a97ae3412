import type { Json } from '../../../src/index.ts'
import type { Overrides } from '../../../src/server/index.ts'
import { Cable } from '../fakes/cable.ts'
import { atEnd, Sdk, type TestInput, type TestServer, TurnClock, testServer, until, userToken } from '../index.ts'

export const nodeSecret = 'a-secret-of-nodes-for-tests-of-32-bytes'

export { atEnd, endAll } from '../index.ts'

export const kept = {
  history_size: 1000,
  history_ttl: '10m',
  force_recovery: true,
  allow_subscribe_for_client: true,
  allow_publish_for_client: true,
} as const

/** The namespaces of the central node, which alone has any. */
export const namespaces = [
  { name: 'kept', ...kept },
  {
    name: 'room',
    ...kept,
    presence: true,
    join_leave: true,
    force_push_join_leave: true,
    allow_presence_for_subscriber: true,
    allow_history_for_subscriber: true,
  },
  { name: 'newest', delivery: 'latest', allow_subscribe_for_client: true },
  { name: 'quotes', delivery: 'conflated', interval: '20ms', allow_subscribe_for_client: true },
] as const

export function startCentral(input: TestInput = {}, overrides: Overrides = {}): Promise<TestServer> {
  return testServer({ node: { secret: nodeSecret }, channel: { namespaces: [...namespaces] }, ...input }, overrides)
}

type Upstream = TestServer | Cable

/** A relay of these nodes, tried in this order. It has no channels of its own. */
export function startRelay(upstreams: readonly Upstream[], input: TestInput = {}, overrides: Overrides = {}): Promise<TestServer> {
  const upstream = upstreams.map(above => (above instanceof Cable ? above.upstream : above.url.replace('http', 'ws')))
  return testServer({ node: { secret: nodeSecret }, upstream, ...input }, overrides)
}

/** A clock on which every wait is shorter by this factor, for what takes seconds by design. */
export function hurried(times: number): TurnClock {
  return new TurnClock(times)
}

export async function cableTo(server: TestServer): Promise<Cable> {
  const cable = await Cable.to(server.url)
  atEnd(() => cable[Symbol.asyncDispose]())
  return cable
}

/** A client on the published SDK that is connected, and gone after the test. */
export async function connect({ wsUrl }: Pick<TestServer, 'wsUrl'>, user = 'alice', options = {}): Promise<Sdk> {
  const sdk = await new Sdk(wsUrl, { token: await userToken(user), ...options }).connect()
  atEnd(() => sdk[Symbol.dispose]())
  return sdk
}

export interface TreeRow {
  readonly node: string
  readonly role: string
  readonly region: string
  readonly parent: string | null
  readonly viewers: number
  readonly viewersBelow: number
  readonly channels: number
  readonly published: number
  readonly delivered: number
  readonly relayed: number
}

export function treeOf({ server }: TestServer): readonly TreeRow[] {
  return Reflect.get(server.ops.tree(), 'nodes')
}

/** What a node last said of itself at the top of its tree. */
export function rowOf(central: TestServer, { node }: TestServer): TreeRow | undefined {
  return treeOf(central).find(row => row.node === node.id)
}

/** Waits until a node hangs on this parent. */
export async function hangsOn(child: TestServer, parent: TestServer): Promise<void> {
  await until(`${child.node.id} hangs on ${parent.node.id}`, () =>
    [...parent.server.topology.children.all()].some(({ id, link }) => id === child.node.id && link?.isClosed === false),
  )
}

/** Publishes `{n}` for each number, as fast as it is taken. */
export async function publish({ server }: TestServer, channel: string, from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n++) await server.publish(channel, { n })
}

export function upTo(count: number, from = 1): Json[] {
  return Array.from({ length: count }, (_, index) => ({ n: from + index }))
}
