import { defineService } from '../../../src/service.ts'
import type { ChatBounds } from '../../../src/services/chat/index.ts'
import { chatNamespaces } from '../../../src/services/chat/namespaces.ts'
import { startChat } from '../../../src/services/chat/service.ts'
import { schema } from '../../../src/services/chat/store/index.ts'
import { migrateSql, openSql, type Sql } from '../../../src/store/index.ts'
import { ServiceServer } from '../../cluster/service-server.ts'
import { Machine } from '../../core/machine.ts'
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

/** One machine with a store and the chat service on it, and what everybody was told. */
export class ChatNodes {
  readonly sql: Sql
  readonly transcript: Transcript
  readonly machine: Machine<ServiceServer>
  /** Called at every await of the service that asks its store. */
  reached: () => void = () => {}

  constructor(
    readonly world: World,
    { bounds, slowShare, againShare }: StoreWeather,
    mutant: ChatMutant = honest,
  ) {
    const { judge, time } = world
    this.sql = world.settled(openSql('sqlite::memory:'))
    this.transcript = new Transcript(judge, () => time.now())
    const random = world.fork()
    this.machine = new Machine('chat', time, (machine, clock) => {
      const reached = () => this.reached()
      const disk = new ChatDisk({ rows: this.sql, clock, random, breakage: mutant, reached, slowShare, againShare })
      const service = defineService({
        name: 'chat',
        namespaces: chatNamespaces,
        async start(host) {
          // A store takes a turn to open: the world around this machine is made meanwhile.
          await Promise.resolve()
          host.onClose(() => disk.close())
          await migrateSql(disk, 'chat', schema)
          await startChat(mutated(host, mutant), disk, { bounds })
        },
      })
      return new ServiceServer({ random, judge, service, gone: () => disk.kill() }, machine, clock)
    })
    this.machine.start()
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

  get #context(): DeviceContext {
    const { world, transcript, machine } = this
    const { time, judge, tally } = world
    return { time, judge, tally, transcript, machine, trace: line => world.trace(line) }
  }
}
