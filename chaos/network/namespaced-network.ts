import { readdirSync } from 'node:fs'
import { isAlive } from '../../engines/engine-process.ts'
import type { FleetNetwork, NetworkPlan, NodePlace, Peer } from '../../engines/fleet/network.ts'
import type { Door } from '../../engines/index.ts'

const prefix = 'ffc'
const kafkaPort = 9_092
const nodePort = 7_400
/** Nobody has this address: what is sent to it comes to nobody. */
const nowhere = '02:00:00:00:00:01'
const slow = ['rate', '512kbit', 'burst', '16kb', 'latency', '400ms']

/** Whether this machine lets this user make network namespaces. */
export function canNamespace(): boolean {
  if (process.getuid?.() !== 0 || Bun.which('ip') === null || Bun.which('tc') === null) return false
  const name = `${prefix}${process.pid}t`
  const made = Bun.spawnSync(['ip', 'netns', 'add', name]).success
  const joined = made && Bun.spawnSync(['ip', 'link', 'add', name, 'type', 'bridge']).success
  Bun.spawnSync(['ip', 'link', 'del', name])
  Bun.spawnSync(['ip', 'netns', 'del', name])
  return joined
}

/**
 * Every node in a network namespace of its own, joined by a bridge; brokers and Postgres have addresses of their own on it. A node is cut off
 * from an address by a wrong entry for it among its neighbours: frames go out and nobody takes them.
 */
export class NamespacedNetwork implements FleetNetwork {
  readonly kind = 'network namespaces'
  readonly #bridge = `${prefix}${process.pid}b`
  readonly doors: readonly (readonly Door[])[]
  readonly postgresAddresses: readonly string[]
  readonly places: readonly NodePlace[]
  readonly #kafka: readonly string[]
  readonly #postgres: string

  private constructor(
    readonly plan: NetworkPlan,
    readonly subnet: string,
  ) {
    const at = (number: number) => `${subnet}.${number}`
    this.#kafka = plan.kafkaPorts.map((_, index) => at(21 + index))
    this.#postgres = at(30)
    this.doors = this.#kafka.map(host => [{ host, port: kafkaPort, advertised: `${host}:${kafkaPort}` }])
    this.postgresAddresses = [this.#postgres]
    this.places = Array.from({ length: plan.nodes }, (_, node) => ({
      ...{ host: at(11 + node), port: nodePort, link: `${at(11 + node)}:${nodePort}` },
      within: ['ip', 'netns', 'exec', this.#name(node)],
      kafka: this.#kafka.map(host => `${host}:${kafkaPort}`),
      postgres: { host: this.#postgres, port: plan.postgresPort },
    }))
  }

  static async open(plan: NetworkPlan): Promise<NamespacedNetwork> {
    removeLeftovers()
    // Two runs at once are in different ones.
    const network = new NamespacedNetwork(plan, `10.77.${process.pid % 250}`)
    try {
      network.#make()
      return network
    } catch (error) {
      await network[Symbol.asyncDispose]()
      throw error
    }
  }

  async cut(node: number, peer: Peer): Promise<void> {
    for (const address of this.#addressesOf(node, peer))
      ip('-n', this.#name(node), 'neigh', 'replace', address, 'lladdr', nowhere, 'dev', 'eth0', 'nud', 'permanent')
  }

  async slowDown(node: number): Promise<void> {
    run('tc', 'qdisc', 'replace', 'dev', this.#name(node), 'root', 'tbf', ...slow)
    run('ip', 'netns', 'exec', this.#name(node), 'tc', 'qdisc', 'replace', 'dev', 'eth0', 'root', 'tbf', ...slow)
  }

  async heal(node: number): Promise<void> {
    ip('-n', this.#name(node), 'neigh', 'flush', 'dev', 'eth0', 'nud', 'permanent')
    Bun.spawnSync(['tc', 'qdisc', 'del', 'dev', this.#name(node), 'root'])
    Bun.spawnSync(['ip', 'netns', 'exec', this.#name(node), 'tc', 'qdisc', 'del', 'dev', 'eth0', 'root'])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.places.keys()) Bun.spawnSync(['ip', 'netns', 'del', this.#name(node)])
    Bun.spawnSync(['ip', 'link', 'del', this.#bridge])
  }

  #make(): void {
    const bridge = this.#bridge
    ip('link', 'add', bridge, 'type', 'bridge')
    for (const address of [`${this.subnet}.1`, ...this.#kafka, this.#postgres]) ip('addr', 'add', `${address}/24`, 'dev', bridge)
    ip('link', 'set', bridge, 'up')
    for (const [node, { host }] of this.places.entries()) {
      const name = this.#name(node)
      ip('netns', 'add', name)
      ip('link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
      ip('link', 'set', name, 'master', bridge, 'up')
      ip('-n', name, 'addr', 'add', `${host}/24`, 'dev', 'eth0')
      ip('-n', name, 'link', 'set', 'eth0', 'up')
      ip('-n', name, 'link', 'set', 'lo', 'up')
    }
  }

  #addressesOf(node: number, peer: Peer): readonly string[] {
    if (peer === 'Kafka') return this.#kafka
    if (peer === 'Postgres') return [this.#postgres]
    return this.places.flatMap(({ host }, other) => (other === node ? [] : [host]))
  }

  #name(node: number): string {
    return `${prefix}${process.pid}n${node}`
  }
}

/** Those of runs that were killed. */
function removeLeftovers(): void {
  const of = (name: string) => new RegExp(`^${prefix}(\\d+)[bn]`).exec(name)?.[1]
  const isLeft = (name: string) => of(name) !== undefined && !isAlive(Number(of(name)))
  const namespaces = `${Bun.spawnSync(['ip', 'netns', 'list']).stdout}`.split('\n').map(line => line.split(' ')[0] ?? '')
  for (const name of namespaces.filter(isLeft)) Bun.spawnSync(['ip', 'netns', 'del', name])
  for (const name of readdirSync('/sys/class/net').filter(isLeft)) Bun.spawnSync(['ip', 'link', 'del', name])
}

function ip(...args: readonly string[]): void {
  run('ip', ...args)
}

function run(...command: readonly string[]): void {
  const done = Bun.spawnSync([...command])
  if (!done.success) throw new Error(`${command.join(' ')}: ${done.stderr}`)
}
