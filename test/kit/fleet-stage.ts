import { MachineClock, SimClock } from '../../sim/core/clock.ts'
import { type LogLine, MemoryLog } from '../../src/broker/index.ts'
import { MemoryLeaseStore, slotCount } from '../../src/cluster/index.ts'
import { seededRandom } from '../../src/kit/index.ts'
import type { Application, ApplicationDeps, ConfigInput } from '../../src/server/index.ts'
import { Applications } from './applications.ts'

interface Place {
  readonly application: Application
  readonly clock: MachineClock
  readonly lines: readonly LogLine[]
}

/** Equal applications in one process, over logs and leases in its memory. */
export class FleetStage {
  readonly clock = new SimClock()
  readonly all = new Applications(this.clock)
  readonly places: Place[] = []
  readonly #random = seededRandom(7)
  readonly #logs = {
    channels: new MemoryLog({ clock: this.clock, random: this.#random, partitions: 4 }),
    controls: new MemoryLog({ clock: this.clock, random: this.#random, partitions: 1 }),
  }
  readonly leases = new MemoryLeaseStore(this.clock)

  constructor(
    readonly input: ConfigInput = {},
    readonly slots = slotCount,
  ) {}

  /** @param prepare what the node does before it owns anything, as the start of its services */
  async add(
    id: string,
    deps: Partial<ApplicationDeps> = {},
    prepare: (application: Application) => Promise<unknown> = async () => undefined,
  ): Promise<Application> {
    const clock = new MachineClock(this.clock)
    const { channels, controls } = this.#logs
    const lines = { channels: channels.line(clock), controls: controls.line(clock) }
    const fleet = { logs: lines, leases: this.leases, fence: this.leases, address: `ws://${id}`, slots: this.slots }
    const application = this.all.create(id, this.input, undefined, { clock, ...deps }, fleet)
    this.places.push({ application, clock, lines: Object.values(lines) })
    await this.done(application.start(), 5000)
    await this.done(prepare(application), 10)
    await this.done(application.serve(), 5000)
    return application
  }

  /** Nothing runs on a node for a while, and nobody is told. */
  stall(application: Application, ms: number): void {
    this.#place(application).clock.stall(ms)
  }

  kill(application: Application): void {
    this.#place(application).clock.kill()
    this.all.unplug(application.node.id)
  }

  cut(application: Application): void {
    for (const line of this.#place(application).lines) line.cut()
  }

  mend(application: Application): void {
    for (const line of this.#place(application).lines) line.mend()
  }

  /** What a promise comes to, once time has passed for it. */
  async done<T>(work: Promise<T>, ms = 1000): Promise<T> {
    this.clock.advance(ms)
    return await work
  }

  async close(): Promise<void> {
    for (const { application, clock } of this.places) {
      if (!clock.isDead) await this.done(application.close(), 5000)
    }
  }

  #place(application: Application): Place {
    const place = this.places.find(other => other.application === application)
    if (place === undefined) throw new Error('no such node')
    return place
  }
}
