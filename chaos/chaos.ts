import { cpSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { SignJWT } from 'jose'
import { DemoFleet } from '../engines/fleet/demo-fleet.ts'
import { FleetNode } from '../engines/fleet/fleet-node.ts'
import { enginesFolder } from '../engines/folder.ts'
import { freePorts } from '../engines/index.ts'
import type { Say } from '../engines/progress.ts'
import { type Random, seededRandom } from '../src/kit/index.ts'
import type { ConfigInput } from '../src/server/index.ts'
import { type Check, checksOf, type Outcome } from './checks.ts'
import { type Received, SdkChatUser } from './clients/chat-user.ts'
import type { Entrance } from './clients/client.ts'
import { Crowd, crowdNamespaces, roomChannel } from './crowd.ts'
import { type Fault, type FaultName, faultNames, makeFault } from './faults.ts'
import { canNamespace, NamespacedNetwork } from './network/namespaced-network.ts'
import { ProxiedNetwork } from './network/proxied-network.ts'
import { quantile, type Report, type Struck } from './report.ts'
import { SmallDisk } from './small-disk.ts'

export interface ChaosOptions {
  readonly seconds: number
  readonly seed: number
  readonly faults: readonly FaultName[]
  /** Whether matches are followed as well. */
  readonly hasMatch: boolean
  /** `auto`: namespaces where this user may make them. */
  readonly network: 'auto' | 'proxies'
  readonly say: Say
}

const secrets = {
  tokens: 'tokens-of-chaos-tokens-of-chaos-tokens',
  api: 'api-key-of-chaos-api-key-of-chaos-api',
  nodes: 'nodes-of-chaos-nodes-of-chaos-nodes-of',
}
const config: ConfigInput = {
  demo: 'off',
  // Frequent, so that clients of a node that stands notice.
  client: { token: { hmac_secret_key: secrets.tokens }, ping_interval: '5s', pong_timeout: '3s' },
  http_api: { key: secrets.api },
  node: { secret: secrets.nodes },
  channel: { namespaces: [...crowdNamespaces] },
  shutdown: { timeout: '2s' },
}

const calmMs = 3_000
const lookMs = 100
/** When it is given up that something comes right. */
const patienceMs = 60_000
/** How soon a node that is cut off Kafka must say so. */
const deafWithinMs = 6_000

/** A fleet under load to which one thing after another happens. */
export class Chaos implements AsyncDisposable {
  readonly #started = performance.now()
  readonly #struck: Struck[] = []
  readonly #seen: Record<string, string[]> = {}
  readonly #endedByThemselves = new Set<string>()
  readonly #random: Random
  /** Keeps the logs when all has ended. */
  readonly folder: string

  private constructor(
    readonly options: ChaosOptions,
    readonly fleet: DemoFleet,
    readonly disk: SmallDisk,
    readonly relay: FleetNode,
    readonly crowd: Crowd,
  ) {
    this.#random = seededRandom(options.seed)
    this.folder = join(enginesFolder(), 'chaos', `seed-${options.seed}`)
  }

  static async run(options: ChaosOptions): Promise<Report> {
    await using chaos = await Chaos.#open(options)
    // Awaited, as everything is disposed of when this returns.
    return await chaos.#run()
  }

  static async #open(options: ChaosOptions): Promise<Chaos> {
    const isNamespaced = options.network === 'auto' && canNamespace()
    const openNetwork = isNamespaced ? NamespacedNetwork.open : ProxiedNetwork.open
    const [port = 0] = freePorts(1)
    let disk: SmallDisk | undefined
    const diskOf = (name: string, folder: string) => {
      if (name !== 'node-1') return undefined
      disk = new SmallDisk(folder)
      return disk
    }
    const fleet = await DemoFleet.start({ port, nodes: 3, brokers: 3, config, openNetwork, diskOf, say: options.say })
    if (disk === undefined) throw new RangeError('there is no first node')
    const relay = relayBelow(fleet)
    await relay.start()
    const entrance = entranceAt(fleet.haproxy.url)
    return new Chaos(options, fleet, disk, relay, new Crowd(entrance, entranceAt(relay.url), seededRandom(options.seed), options.hasMatch))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.crowd.close()
    await this.relay.end('SIGKILL')
    this.#keepLogs()
    await this.fleet[Symbol.asyncDispose]()
  }

  #keepLogs(): void {
    const { folder, fleet, relay } = this
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    for (const { name, log } of [...fleet.nodes, relay]) cpSync(log, join(folder, `${name}.log`))
    for (const { id, log } of fleet.kafka.brokers) cpSync(log, join(folder, `broker-${id}.log`))
    cpSync(fleet.postgres.log, join(folder, 'postgres.log'))
  }

  async #run(): Promise<Report> {
    const { crowd, options } = this
    options.say('Clients come in')
    await crowd.begin((what, condition) => this.#until(what, condition))
    const end = performance.now() + options.seconds * 1_000
    for (let turn = 0; performance.now() < end; turn++) {
      await Bun.sleep(calmMs)
      const name = options.faults[turn % options.faults.length]
      if (name !== undefined) await this.#strike(name)
    }
    options.say('Everybody stops, and what was written arrives')
    const unfinished = await this.#rest()
    const checks = checksOf(crowd, await this.#outcome())
    return this.#report([unfinished, ...checks])
  }

  async #strike(name: FaultName): Promise<void> {
    const { fleet, disk, options } = this
    const fault = await makeFault(name, { fleet, disk, random: this.#random, leader: () => this.#leader() })
    const at = this.#seconds()
    const before = this.#newest()
    options.say(`${at.toFixed(0).padStart(4)} s  ${name} (${fault.target})`)
    await fault.strike()
    await Promise.all([Bun.sleep(fault.forMs), this.#watch(fault)])
    const struckFor = this.#seconds() - at
    const healing = performance.now()
    await fault.heal().catch((error: unknown) => this.#note('rest', `after "${name}" (${fault.target}): ${error}`))
    await this.#well()
    this.#struck.push({
      ...{ name, target: fault.target, at, lasted: struckFor },
      ...{ recovered: (performance.now() - healing) / 1_000, longestSilence: this.#longestSilence(before) },
    })
  }

  /** What must be seen while a fault lasts. */
  async #watch({ name, nodes, target }: Fault): Promise<void> {
    const [node] = nodes
    const id = name === 'node cut off Kafka' ? 'R8' : name === 'node cut off Postgres' ? 'R7' : undefined
    if (node === undefined || id === undefined) return
    const end = performance.now() + deafWithinMs
    while (performance.now() < end) {
      if (!(await node.isReady())) return
      await Bun.sleep(lookMs)
    }
    this.#note(id, `${target} still said that it was ready after ${deafWithinMs / 1_000} s`)
  }

  /** Waits until all nodes are ready and all clients are connected. */
  async #well(): Promise<void> {
    const { fleet, crowd } = this
    for (const node of fleet.nodes)
      if (!node.isAlive) {
        this.#endedByThemselves.add(`${node.name} ended by itself at ${this.#seconds().toFixed(0)} s`)
        await node.launch()
      }
    await this.#until('all nodes are ready', async () => (await Promise.all(fleet.nodes.map(node => node.isReady()))).every(Boolean))
    await this.#until('all clients are connected', () => crowd.areConnected)
  }

  /** @returns what did not come to rest */
  async #rest(): Promise<Check> {
    const { crowd } = this
    const says = 'what was begun is acknowledged, and all nodes are ready'
    try {
      await this.#well()
      let isDone = false
      void crowd.stop().then(() => {
        isDone = true
      })
      await this.#until('all that was written is acknowledged', () => isDone)
      const pending = () =>
        checksOf(crowd, { presence: {}, history: [], endedByThemselves: [], seen: {} }).filter(({ id }) => id === 'R1' || id === 'sports')
      await this.#until('all has arrived', () => pending().every(({ against }) => against.length === 0)).catch(() => undefined)
      await this.#until('presence is right', async () => this.#isPresent(await this.#presence())).catch(() => undefined)
      return { id: 'rest', says, against: this.#seen.rest ?? [] }
    } catch (error) {
      return { id: 'rest', says, against: [`${error}`] }
    }
  }

  async #outcome(): Promise<Outcome> {
    const presence = await this.#presence()
    const history = await this.#history().catch((error: unknown) => {
      this.#note('R7', `the history was not read: ${error}`)
      return []
    })
    return { presence, history, endedByThemselves: [...this.#endedByThemselves], seen: this.#seen }
  }

  async #presence(): Promise<Record<string, string[]>> {
    const answers = this.fleet.nodes.map(async ({ name, url }) => {
      const response = await fetch(`${url}/api/presence`, {
        method: 'POST',
        headers: { 'X-API-Key': secrets.api },
        body: JSON.stringify({ channel: roomChannel }),
      })
      const { result } = Object(await response.json())
      return [name, Object.values(Object(result?.presence)).map(client => `${Reflect.get(Object(client), 'user')}`)] as const
    })
    return Object.fromEntries(await Promise.all(answers))
  }

  #isPresent(presence: Readonly<Record<string, readonly string[]>>): boolean {
    return checksOf(this.crowd, { presence, history: [], endedByThemselves: [], seen: {} }).every(
      ({ id, against }) => id !== 'presence' || against.length === 0,
    )
  }

  /** All pages of the conversation. */
  async #history(): Promise<Received[]> {
    const { members, conversation } = this.crowd
    const [reader] = members
    if (!(reader instanceof SdkChatUser)) throw new TypeError('the first member calls by itself')
    const all: Received[] = []
    for (let after = 0; ; ) {
      const { entries, has_more } = await reader.call('chat.history', { conversation, after, limit: 100 })
      const page = Array.isArray(entries) ? entries : []
      for (const { kind, seq, mid, text } of page) if (kind === 'message') all.push({ seq, mid, text })
      after = page.at(-1)?.seq ?? after
      if (has_more !== true) return all
    }
  }

  /** Of the topic that the numbered channels are in, or of the one that shows that Kafka works. */
  #leader(): Promise<number> {
    return this.fleet.kafka.probe.leaderOf('engines-ready', 0)
  }

  #report(checks: readonly Check[]): Report {
    const { crowd, options, fleet } = this
    const latencies = crowd.streamBooks.flatMap(({ latenciesMs }) => latenciesMs)
    const answers = crowd.publishers.flatMap(({ answersMs }) => answersMs)
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
    const ms = (values: readonly number[]) => [0.5, 0.99, 1].map(share => `${quantile(values, share).toFixed(0)} ms`).join(' / ')
    const figures = {
      'publications delivered': sum(crowd.streamBooks.map(({ ids }) => ids.length)),
      'from publish to receive, p50 / p99 / longest': ms(latencies),
      'from publish to its answer, p50 / p99 / longest': ms(answers),
      'publishes that failed and were made again': sum(crowd.publishers.map(({ failed }) => failed)),
      'chat messages acknowledged': sum(crowd.members.map(({ sent }) => sent.length)),
      'batches of the game, and attempts that failed': `${crowd.feed.batches}, ${crowd.feed.failed}`,
      'times a viewer was told that it was not recovered': sum(
        [...crowd.streamBooks, ...crowd.matchBooks].map(({ notRecovered }) => notRecovered),
      ),
      'connections of each client': crowd.clients.map(({ name, connections }) => `${name} ${connections}`).join(', '),
      'tries of a stranger': crowd.stranger.tries,
    }
    const { kind } = fleet.network
    return { seed: options.seed, seconds: this.#seconds(), network: kind, struck: this.#struck, checks, figures, folder: this.folder }
  }

  /** For each book, how many it had. */
  #newest(): number[] {
    return this.crowd.streamBooks.map(({ ids }) => ids.length)
  }

  /** Since then, the longest that a publication took to come to somebody. */
  #longestSilence(before: readonly number[]): number {
    const since = this.crowd.streamBooks.flatMap(({ latenciesMs }, index) => latenciesMs.slice(before[index]))
    return Math.max(0, ...since) / 1_000
  }

  async #until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    const end = performance.now() + patienceMs
    while (!(await condition())) {
      if (performance.now() > end)
        throw new Error(
          `waited ${patienceMs / 1_000} s in vain until ${what}; away: ${this.crowd.missing || 'nobody'}; waiting: ${[...this.crowd.writing].join(', ') || 'nobody'}`,
        )
      await Bun.sleep(lookMs)
    }
  }

  #note(id: string, line: string): void {
    this.#seen[id] = [...(this.#seen[id] ?? []), line]
  }

  #seconds(): number {
    return (performance.now() - this.#started) / 1_000
  }
}

export { faultNames }

/** A relay that hangs on any of the nodes. */
function relayBelow({ nodes, folder }: DemoFleet): FleetNode {
  const [port = 0] = freePorts(1)
  const upstream = nodes.map(({ plan }) => `ws://${plan.host}:${plan.port}`)
  const relay = { upstream, node: { secret: secrets.nodes } }
  return new FleetNode({
    name: 'relay',
    command: 'relay',
    folder: join(folder, 'relay'),
    host: '127.0.0.1',
    port,
    config: { ...config, channel: {}, ...relay },
  })
}

function entranceAt(url: string): Entrance {
  return { url, apiKey: secrets.api, tokenOf }
}

function tokenOf(user: string): Promise<string> {
  return new SignJWT({ sub: user })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('1d')
    .sign(new TextEncoder().encode(secrets.tokens))
}
