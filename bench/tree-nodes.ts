import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Audience } from './peer.ts'
import { post } from './peers/post.ts'
import type { ServerProcess, Stage } from './stage.ts'

const program = join(import.meta.dir, '..', 'src', 'cli', 'main.ts')
const apiKey = 'a-key-of-the-benchmark-alone'
export const goalChannel = 'bench:goal'

/** What all nodes are given; the central one alone has channels. */
const common = {
  client: { insecure: true, token: { hmac_secret_key: 'a secret of the tokens of a benchmark' } },
  http_api: { key: apiKey },
  node: { secret: 'a secret of the nodes of a benchmark' },
}
const channel = {
  namespaces: [{ name: 'bench', delivery: 'lanes', history_size: 100, history_ttl: '10m', allow_subscribe_for_client: true }],
}

export const fanOut = [3, 3] as const

/** One central node, three regional ones and nine edges, each a process. */
export class TreeNodes {
  private constructor(
    readonly central: ServerProcess,
    readonly regionals: readonly ServerProcess[],
    /** Those of the first regional node first. */
    readonly edges: readonly ServerProcess[],
  ) {}

  static async start(stage: Stage): Promise<TreeNodes> {
    const central = await start(stage, 'start', { channel })
    const below = (parents: readonly ServerProcess[], each: number) =>
      Promise.all(
        parents.flatMap(({ port }) => Array.from({ length: each }, () => start(stage, 'relay', { upstream: [`ws://127.0.0.1:${port}`] }))),
      )
    const regionals = await below([central], fanOut[0])
    const tree = new TreeNodes(central, regionals, await below(regionals, fanOut[1]))
    await tree.#linked()
    return tree
  }

  get all(): ServerProcess[] {
    return [this.central, ...this.regionals, ...this.edges]
  }

  get audience(): Audience {
    return { wire: 'sse', path: `/sse?channel=${goalChannel}`, openText: '"connect":', match: '"pub":' }
  }

  /** Publishes one message on the central node. */
  async publish(message: string): Promise<void> {
    const answer: { readonly error?: unknown } = JSON.parse(
      await post(`${this.central.url}/api/publish`, `{"channel":"${goalChannel}","data":${message}}`, headers),
    )
    if (answer.error !== undefined) throw new Error(`a publication was refused: ${JSON.stringify(answer.error)}`)
  }

  /** Publications handed from node to node so far, and those accepted. */
  async sends(): Promise<number> {
    // An answer with figures is given again for a second.
    await Bun.sleep(1_100)
    const counts = await Promise.all(this.all.map(node => metric(node, 'fanfare_link_deliveries_total')))
    return counts.reduce((sum, count) => sum + count, await metric(this.central, 'fanfare_publications_accepted_total'))
  }

  async #linked(): Promise<void> {
    const until = performance.now() + 20_000
    for (;;) {
      const { nodes }: { nodes: readonly unknown[] } = await (await fetch(`${this.central.url}/ops/tree`, { headers })).json()
      if (nodes.length === this.all.length) return
      if (performance.now() > until) throw new Error(`only ${nodes.length} of ${this.all.length} nodes are in the tree`)
      await Bun.sleep(50)
    }
  }
}

const headers = { 'X-API-Key': apiKey, 'Content-Type': 'application/json' }

async function start(stage: Stage, command: 'start' | 'relay', more: object): Promise<ServerProcess> {
  const port = stage.nextPort()
  const folder = await stage.folder(`tree-${port}`)
  await rm(folder, { recursive: true, force: true })
  const config = join(folder, 'config.json')
  await Bun.write(config, JSON.stringify({ ...common, ...more }))
  const flags = [
    '--port',
    String(port),
    '--config',
    config,
    '--data',
    join(folder, 'data'),
    ...(command === 'start' ? ['--demo', 'off'] : []),
  ]
  return stage.startServer(command, { command: [process.execPath, program, command, ...flags], port })
}

async function metric({ url }: ServerProcess, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`, { headers })).text()
  return Number(new RegExp(`^${name} (\\d+)`, 'm').exec(text)?.[1] ?? Number.NaN)
}
