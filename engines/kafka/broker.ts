import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { handOver, unprivileged } from '../account.ts'
import { EngineError } from '../engine-error.ts'
import { EngineProcess, endOfLog, type Launch } from '../engine-process.ts'
import { formatFlags } from './security.ts'
import { type BrokerPlan, brokerSettings, clusterId } from './settings.ts'

const memoryMb = 192
/** A broker that ends in order waits for others to take over, which those that end as well never do. Nothing is lost by a kill. */
const endedWithinMs = 5_000
/** A small Java that is up soon, and warns of what goes wrong. */
const javaFlags = [
  ...['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'],
  ...['-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-Dorg.slf4j.simpleLogger.showDateTime=true'],
]

/** What brokers need of the machine. */
export interface KafkaRuntime {
  readonly java: string
  /** The folder of Kafka's jars. */
  readonly jars: string
  readonly after: Launch['after']
}

/** One broker, with what it keeps in a folder of its own. It can be ended in any way, and started again. */
export class KafkaBroker {
  #process: EngineProcess | undefined
  readonly log: string
  readonly #settings: string

  constructor(
    readonly plan: BrokerPlan,
    readonly runtime: KafkaRuntime,
  ) {
    this.log = join(plan.folder, 'log')
    this.#settings = join(plan.folder, 'server.properties')
  }

  get id(): number {
    return this.plan.id
  }

  get isAlive(): boolean {
    return this.#process?.isAlive ?? false
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** Takes over what was started in its folder before. */
  adopt(): void {
    this.#process = EngineProcess.find(this.plan.folder)
  }

  async start(): Promise<void> {
    const { folder } = this.plan
    mkdirSync(join(folder, 'data'), { recursive: true, mode: 0o755 })
    writeFileSync(this.#settings, brokerSettings(this.plan), { mode: 0o644 })
    handOver(folder)
    if (!existsSync(join(folder, 'data/meta.properties'))) await this.#format()
    this.#process = await EngineProcess.launch({
      command: this.#java(memoryMb, 'kafka.Kafka', this.#settings),
      ...{ folder, log: this.log, after: this.runtime.after, as: 'nobody' },
    })
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.signal(signal)
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.#process?.end(signal, endedWithinMs)
    this.#process = undefined
  }

  /** Throws where it has ended by itself. */
  requireAlive(): void {
    if (!this.isAlive) throw new EngineError(`Kafka broker ${this.id} has ended; the end of ${this.log}:\n${endOfLog(this.log)}`)
  }

  async #format(): Promise<void> {
    const flags = ['-t', clusterId, '-c', this.#settings, ...formatFlags(this.plan.security)]
    const command = unprivileged(this.#java(64, 'kafka.tools.StorageTool', 'format', ...flags))
    const formatting = Bun.spawn(command, { cwd: this.plan.folder, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' })
    const [output, errors] = await Promise.all([new Response(formatting.stdout).text(), new Response(formatting.stderr).text()])
    if ((await formatting.exited) !== 0) throw new EngineError(`Kafka broker ${this.id} was not formatted:\n${output}${errors}`)
  }

  #java(megabytes: number, ...args: readonly string[]): string[] {
    const { java, jars } = this.runtime
    return [java, `-Xms${megabytes}m`, `-Xmx${megabytes}m`, ...javaFlags, '-cp', `${jars}/*`, ...args]
  }
}
