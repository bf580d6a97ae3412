import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ConfigInput } from '../../src/server/index.ts'
import { EngineError } from '../engine-error.ts'
import { EngineProcess, endOfLog } from '../engine-process.ts'

const main = join(import.meta.dir, '../../src/cli/main.ts')
const readyWithinMs = 120_000
const lookMs = 100
const answerWithinMs = 2_000

export interface NodePlan {
  readonly name: string
  /** `start` where absent. */
  readonly command?: 'start' | 'relay'
  readonly folder: string
  /** Where it listens, as seen from here. */
  readonly host: string
  readonly port: number
  readonly config: ConfigInput
  /** What goes before its command, such as `ip netns exec NAME`. */
  readonly within?: readonly string[]
}

/** A node of a fleet: `fanfare start` with a configuration file, in a process that can be ended in any way and started again. */
export class FleetNode {
  #process: EngineProcess | undefined
  readonly log: string
  readonly file: string

  constructor(readonly plan: NodePlan) {
    this.log = join(plan.folder, 'log')
    this.file = join(plan.folder, 'fanfare.json')
  }

  get name(): string {
    return this.plan.name
  }

  get url(): string {
    return `http://${this.plan.host}:${this.plan.port}`
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  get isAlive(): boolean {
    return this.#process?.isAlive ?? false
  }

  /** Starts it, without waiting until it is ready. */
  async launch(): Promise<void> {
    const { folder, host, port, config, within = [], command: name = 'start' } = this.plan
    mkdirSync(folder, { recursive: true, mode: 0o755 })
    const all = { host, port, data: join(folder, 'data'), log: { format: 'json' }, ...config }
    writeFileSync(this.file, `${JSON.stringify(all, undefined, 2)}\n`, { mode: 0o600 })
    const command = [process.execPath, main, name, '--config', this.file]
    this.#process = await EngineProcess.launch({ command, within, folder, log: this.log, as: 'caller', after: 'SIGKILL' })
  }

  /** Waits until it says that it is ready. */
  async ready(): Promise<void> {
    const end = performance.now() + readyWithinMs
    while (!(await this.isReady())) {
      if (!this.isAlive) throw new EngineError(`node ${this.name} has ended; the end of ${this.log}:\n${endOfLog(this.log)}`)
      if (performance.now() > end)
        throw new EngineError(`node ${this.name} was not ready within ${readyWithinMs / 1000} s; its log is ${this.log}`)
      await Bun.sleep(lookMs)
    }
  }

  async isReady(): Promise<boolean> {
    return (await this.readiness()) === 'ready'
  }

  /** What `/readyz` says: its status and the reason, or that it says nothing. */
  async readiness(): Promise<string> {
    const response = await fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(answerWithinMs) }).catch(() => undefined)
    if (response === undefined) return 'silent'
    const { status, reason } = Object(await response.json().catch(() => ({})))
    return reason === undefined ? `${status}` : `${status}: ${reason}`
  }

  async start(): Promise<void> {
    await this.launch()
    await this.ready()
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.signal(signal)
  }

  /** `SIGTERM` drains it first. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.#process?.end(signal)
    this.#process = undefined
  }
}
