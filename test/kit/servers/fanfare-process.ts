import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Folder } from '../folder.ts'
import { metricsOf } from '../metrics.ts'
import { until } from '../until.ts'
import { ChildServer, started } from './child-server.ts'
import { type TestInput, testConfig } from './server.ts'

const main = join(import.meta.dir, '../../../src/cli/main.ts')

interface LogLine {
  readonly level: string
  readonly msg: string
  readonly url?: string
}

/** `fanfare start`, or `fanfare relay`, as an operator runs it: a process with a configuration file, signals and a log. */
export class FanfareProcess extends ChildServer {
  readonly folder = new Folder()

  constructor(
    readonly input: TestInput = {},
    readonly command: 'start' | 'relay' = 'start',
    readonly mode: 'production' | 'development' = 'production',
  ) {
    super()
  }

  static start(...given: ConstructorParameters<typeof FanfareProcess>): Promise<FanfareProcess> {
    return started(new FanfareProcess(...given))
  }

  get log(): LogLine[] {
    return this.output
      .split('\n')
      .filter(line => line.startsWith('{'))
      .map(line => JSON.parse(line))
  }

  /** Starts it, on the port that it had before. */
  async start(): Promise<void> {
    const file = join(this.folder.path, 'fanfare.json')
    writeFileSync(file, JSON.stringify({ ...this.#config(), port: this.port }))
    const from = this.log.length
    const child = Bun.spawn([process.execPath, main, this.command, '--config', file], { stdout: 'pipe', stderr: 'pipe' })
    this.child = child
    void this.read(child.stdout)
    void this.read(child.stderr)
    const listening = await until('it listens', () => {
      if (!this.isAlive) throw new Error(`it ended with ${child.exitCode}: ${this.output}`)
      return this.log.slice(from).find(({ msg }) => msg === 'listening')
    })
    this.port = Number(new URL(listening.url ?? '').port)
  }

  /** Whoever gives no secrets gets development mode, in which guests may come in. */
  #config(): TestInput {
    const data = join(this.folder.path, 'data')
    const input = { demo: 'off', ...this.input, log: { format: 'json', ...this.input.log } } as const
    return this.mode === 'production' ? testConfig(input, data) : { data, shutdown: { timeout: '1s' }, ...input }
  }

  async residentMb(): Promise<number> {
    const metrics = await metricsOf(this)
    return Number(/^fanfare_process_resident_memory_bytes (\S+)/m.exec(metrics)?.[1]) / 1024 / 1024
  }
}
