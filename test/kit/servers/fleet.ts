import { type LogLine, MemoryLog, type SharedLogs } from '../../../src/broker/index.ts'
import { MemoryLeaseStore, type Trouble } from '../../../src/cluster/index.ts'
import { systemRandom } from '../../../src/kit/index.ts'
import type { FleetOpener, Overrides } from '../../../src/server/index.ts'
import { atEnd, freePort, startServer, type TestInput, type TestServer, TurnClock, until } from '../index.ts'
import { namespaces, nodeSecret } from './tree.ts'

/** Another program may take a port between finding and using it. */
const portsTried = 3

/** What the nodes of a fleet share, in memory: real servers with real links between them. */
export class MemoryFleet {
  /** One for all, as leases and logs have a time of their own. */
  readonly clock: TurnClock
  readonly servers: TestServer[] = []
  /** What the nodes are told of their surroundings. */
  troubles: readonly Trouble[] = []
  readonly #logs
  readonly #leases: MemoryLeaseStore

  /** @param lagMs how late nodes read the logs */
  constructor(
    hurry = 4,
    readonly lagMs = 0,
  ) {
    const clock = new TurnClock(hurry)
    this.clock = clock
    this.#logs = {
      channels: new MemoryLog({ clock, random: systemRandom, partitions: 4 }),
      controls: new MemoryLog({ clock, random: systemRandom, partitions: 1 }),
    }
    this.#leases = new MemoryLeaseStore(clock)
  }

  /** `broker: 'shared:'` opens it. */
  readonly open: FleetOpener = async () => ({
    place: {
      logs: { channels: this.#lineTo('channels'), controls: this.#lineTo('controls') },
      leases: this.#leases,
      fence: this.#leases,
      troubles: () => this.troubles,
    },
    close: async () => undefined,
  })

  #lineTo(log: Exclude<keyof SharedLogs, 'namespaces' | 'states'>): LogLine {
    const line = this.#logs[log].line(this.clock)
    line.lagMs = this.lagMs
    return line
  }

  /** Another node, gone after the test. */
  async add(input: TestInput = {}, overrides: Overrides = {}): Promise<TestServer> {
    const server = await onFreePort(port =>
      startServer(fleetInput(port, { broker: 'shared:', ...input }), { clock: this.clock, fleets: { shared: this.open }, ...overrides }),
    )
    atEnd(() => server[Symbol.asyncDispose]())
    this.servers.push(server)
    return server
  }
}

export function fleetInput(port: number, input: TestInput): TestInput {
  return {
    port,
    channel: { namespaces: [...namespaces] },
    ...input,
    node: { secret: nodeSecret, address: `ws://127.0.0.1:${port}`, ...input.node },
  }
}

/** Starts something on a port that has to be known before. */
export async function onFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(freePort())
    } catch (error) {
      if (attempt === portsTried || Reflect.get(Object(error), 'code') !== 'EADDRINUSE') throw error
    }
  }
}

/** Waits until every node is linked to every other one, and all slots have an owner. */
export async function isWhole(servers: readonly TestServer[]): Promise<void> {
  await until(`${servers.length} nodes are one fleet`, () =>
    servers.every(({ server: { topology } }) => {
      const fleet = topology.fleet()
      return fleet?.members.length === servers.length && fleet.members.every(({ isLinked, slots }) => isLinked && slots > 0)
    }),
  )
}

/** Three nodes that are one fleet, in memory. */
export async function threeInMemory(input: TestInput = {}, fleet = new MemoryFleet()): Promise<{ fleet: MemoryFleet; servers: Three }> {
  const servers: Three = [await fleet.add(input), await fleet.add(input), await fleet.add(input)]
  await isWhole(servers)
  return { fleet, servers }
}

export type Three = readonly [TestServer, TestServer, TestServer]
