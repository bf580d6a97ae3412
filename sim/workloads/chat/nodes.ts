import { Namespaces } from '../../../src/hub/index.ts'
import type { Random } from '../../../src/kit/index.ts'
import { defineService } from '../../../src/service.ts'
import type { ChatBounds } from '../../../src/services/chat/index.ts'
import { chatNamespaces } from '../../../src/services/chat/namespaces.ts'
import { startChat } from '../../../src/services/chat/service.ts'
import { schema } from '../../../src/services/chat/store/index.ts'
import { migrateSql, openSql, type Sql } from '../../../src/store/index.ts'
import { Fleet, type ServiceOnNode } from '../../cluster/fleet/fleet.ts'
import { judgedLog } from '../../cluster/open-node.ts'
import { serviceLimits } from '../../cluster/service-limits.ts'
import { configOf, SimNode } from '../../cluster/sim-node.ts'
import { pick } from '../../core/chance.ts'
import type { MachineClock } from '../../core/clock.ts'
import type { Fault } from '../../core/fault-injector.ts'
import { Machine, type MachineWith } from '../../core/machine.ts'
import type { Weather } from '../../core/network.ts'
import type { Topology } from '../../core/workload.ts'
import type { World } from '../../core/world.ts'
import { AppDevice } from './app-device.ts'
import { Device, type DeviceContext } from './device.ts'
import { ChatDisk } from './disk.ts'
import { type ChatMutant, honest, mutated } from './mutants.ts'
import { type Rows, readRows } from './rows.ts'
import { Transcript } from './transcript.ts'

/** How well the machine's store works. */
export interface StoreWeather {
  readonly bounds: ChatBounds
  readonly slowShare: number
  readonly againShare: number
}

const roughWeather: Weather = { dropShare: 0.02, duplicateShare: 0, delayMs: { from: 1, to: 20 }, ordered: true }

/** The chat service on one machine, or on each of several equal nodes, over one store; and what everybody was told. */
export class ChatNodes {
  readonly sql: Sql
  readonly transcript: Transcript
  readonly machines: readonly Machine<SimNode>[]
  /** Called at every await of the service that asks its store, with the machine that it runs on. */
  reached: (machine: MachineWith<SimNode>) => void = () => {}
  readonly #fleet: Fleet | undefined

  constructor(
    readonly world: World,
    readonly weather: StoreWeather,
    readonly mutant: ChatMutant = honest,
    topology: Topology = 'single',
  ) {
    const { judge, time } = world
    this.sql = world.settled(openSql('sqlite::memory:'))
    this.transcript = new Transcript(judge, () => time.now())
    if (topology === 'fleet') this.#fleet = this.#createFleet()
    this.machines = this.#fleet?.machines ?? [this.#createMachine()]
    for (const machine of this.machines) machine.start()
  }

  /** What goes wrong between nodes; nothing where there is one. */
  faults(): Fault[] {
    return this.#fleet?.faults() ?? []
  }

  heal(): void {
    this.#fleet?.heal()
    for (const machine of this.machines) machine.start()
  }

  device(user: string, name: string): Device {
    return new Device(this.#context, user, name, this.world.fork())
  }

  app(user: string): AppDevice {
    return new AppDevice(this.#context, user, this.world.fork())
  }

  rows(): Rows {
    return this.world.settled(readRows(this.sql))
  }

  close(): void {
    void this.sql.close()
    this.world.time.settle()
  }

  #createMachine(): Machine<SimNode> {
    const { judge, time } = this.world
    const random = this.world.fork()
    const config = configOf({}, [], serviceLimits)
    return new Machine('chat', time, (machine, clock) => {
      const log = judgedLog(judge, machine.name, clock, true)
      const failed = (error: unknown) => judge.break(`chat did not start: ${error}`)
      return new SimNode({ config, random, log, failed, ...this.#service(machine, clock, random) }, machine, clock)
    })
  }

  #createFleet(): Fleet {
    const { world } = this
    return new Fleet(world, {
      ...{ nodes: 3, weather: roughWeather, namespaces: new Namespaces([]), limits: serviceLimits, mutant: undefined, isOpen: false },
      see: () => undefined,
      service: (machine, clock) => this.#service(machine, clock, world.fork()),
    })
  }

  #service(machine: MachineWith<SimNode>, clock: MachineClock, random: Random): ServiceOnNode {
    const { mutant, sql: rows } = this
    const { bounds, slowShare, againShare } = this.weather
    const reached = () => this.reached(machine)
    const disk = new ChatDisk({ rows, clock, random, breakage: mutant, reached, slowShare, againShare })
    return {
      begun(application) {
        return application.mount(
          defineService({
            name: 'chat',
            namespaces: chatNamespaces,
            async start(host) {
              host.onClose(() => disk.close())
              await migrateSql(disk, 'chat', schema)
              await startChat(mutated(host, mutant), disk, { bounds })
            },
          }),
        )
      },
      gone: () => disk.kill(),
    }
  }

  get #context(): DeviceContext {
    const { world, transcript } = this
    const { time, judge, tally } = world
    const [only, ...others] = this.machines
    const machine = (random: Random) => (others.length === 0 && only !== undefined ? only : pick(random, this.machines))
    return { time, judge, tally, transcript, machine, trace: line => world.trace(line) }
  }
}
