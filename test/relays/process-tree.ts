import { apiKey, FanfareProcess, metricsOf, until } from '../kit/index.ts'
import { nodeSecret } from '../kit/servers/tree.ts'

export interface NodeRow {
  readonly node: string
  readonly role: string
  readonly region: string
  readonly parent: string | null
  readonly viewers: number
  readonly viewersBelow: number
  readonly delivered: number
  readonly relayed: number
}

const regions = ['eu-west', 'us-east', 'ap-south']

/** One central node, three regional nodes and nine edges, each a process as an operator starts it. */
export class ProcessTree implements AsyncDisposable {
  private constructor(
    readonly central: FanfareProcess,
    readonly regionals: readonly FanfareProcess[],
    readonly edges: readonly FanfareProcess[],
    readonly ending: AsyncDisposable,
  ) {}

  static async start(): Promise<ProcessTree> {
    // Whoever has started ends, also when another one does not start.
    await using started = new AsyncDisposableStack()
    const start = async (...given: Parameters<typeof FanfareProcess.start>) => started.use(await FanfareProcess.start(...given))
    const node = { secret: nodeSecret }
    const game = {
      name: 'game',
      delivery: 'lanes',
      history_size: 1000,
      history_ttl: '10m',
      allow_subscribe_for_client: true,
      allow_subscribe_for_anonymous: true,
    } as const
    const central = await start({ node, channel: { namespaces: [game] } })
    const upstream = [wsOf(central)]
    const regionals = await Promise.all(regions.map(region => start({ node, upstream, region }, 'relay')))
    const edges: FanfareProcess[] = []
    for (const [index, region] of regions.entries()) {
      // The own region first, then the next ones.
      const upstream = [0, 1, 2].flatMap(step => regionals.slice((index + step) % 3).slice(0, 1)).map(wsOf)
      edges.push(...(await Promise.all([1, 2, 3].map(n => start({ node, upstream, region: `${region}-${n}` }, 'relay')))))
    }
    const tree = new ProcessTree(central, regionals, edges, started.move())
    try {
      await until('all are in the tree', async () => (await tree.rows()).filter(({ role }) => role === 'edge').length === 9)
      return tree
    } catch (error) {
      await tree[Symbol.asyncDispose]()
      throw error
    }
  }

  get all(): FanfareProcess[] {
    return [this.central, ...this.regionals, ...this.edges]
  }

  async rows(): Promise<readonly NodeRow[]> {
    const response = await fetch(`${this.central.url}/ops/tree`, { headers: { 'X-API-Key': apiKey } })
    return ((await response.json()) as { nodes: readonly NodeRow[] }).nodes
  }

  /** Publishes on the central node. Commands are those of `POST /api/publish`. */
  async publish(...commands: readonly object[]): Promise<void> {
    const body = JSON.stringify({ commands: commands.map(publish => ({ publish })) })
    const response = await fetch(`${this.central.url}/api/batch`, { method: 'POST', headers: { 'X-API-Key': apiKey }, body })
    if (!response.ok) throw new Error(`publishing was answered with ${response.status}`)
  }

  /** What all nodes that live have handed to those below them, each by its own metrics. */
  async sent(): Promise<number> {
    const counts = await Promise.all(this.all.filter(({ isAlive }) => isAlive).map(sentBy))
    return counts.reduce((sum, count) => sum + count, 0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ending[Symbol.asyncDispose]()
  }
}

async function sentBy(server: FanfareProcess): Promise<number> {
  // They are gathered once a second at most: only others than the first ones are of now.
  const before = await metricsOf(server)
  const metrics = await until('the metrics are new', async () => {
    const now = await metricsOf(server)
    return now !== before && now
  })
  return Number(/^fanfare_link_deliveries_total (\d+)/m.exec(metrics)?.[1] ?? Number.NaN)
}

function wsOf({ url }: FanfareProcess): string {
  return url.replace('http', 'ws')
}
