import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Subprocess } from 'bun'
import { Folder } from '../folder.ts'
import { metricsOf } from '../metrics.ts'
import { until, within } from '../until.ts'
import { type TestInput, testConfig } from './server.ts'

const main = join(import.meta.dir, '../../../src/cli/main.ts')

interface LogLine {
  readonly level: string
  readonly msg: string
  readonly url?: string
}

/** `fanfare start`, or `fanfare relay`, as an operator runs it: a process with a configuration file, signals and a log. */
export class FanfareProcess implements AsyncDisposable {
  readonly folder = new Folder()
  /** Everything it wrote, over all its starts. */
  output = ''
  port = 0
  #child: Subprocess | undefined

  constructor(
    readonly input: TestInput = {},
    readonly command: 'start' | 'relay' = 'start',
    readonly mode: 'production' | 'development' = 'production',
  ) {}

  static async start(...given: ConstructorParameters<typeof FanfareProcess>): Promise<FanfareProcess> {
    const fanfare = new FanfareProcess(...given)
    try {
      await fanfare.start()
      return fanfare
    } catch (error) {
      await fanfare[Symbol.asyncDispose]()
      throw error
    }
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  get wsUrl(): string {
    return `ws://127.0.0.1:${this.port}/connection/websocket`
  }

  get isAlive(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null
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
    this.#child = child
    void this.#listen(child.stdout)
    void this.#listen(child.stderr)
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

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.#child?.kill(signal)
  }

  /** Waits for its end; gives the exit code, or undefined where a signal ended it. */
  async ended(): Promise<number | undefined> {
    if (this.#child === undefined) return undefined
    await within('the process to end', this.#child.exited)
    return this.#child.exitCode ?? undefined
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | undefined> {
    this.signal(signal)
    return this.ended()
  }

  async residentMb(): Promise<number> {
    const metrics = await metricsOf(this)
    return Number(/^fanfare_process_resident_memory_bytes (\S+)/m.exec(metrics)?.[1]) / 1024 / 1024
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isAlive) await this.stop('SIGKILL')
    this.folder[Symbol.dispose]()
  }

  async #listen(output: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder()
    for await (const chunk of output) this.output += decoder.decode(chunk, { stream: true })
  }
}
