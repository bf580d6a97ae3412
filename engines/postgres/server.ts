import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { SQL } from 'bun'
import { handOver, unprivileged } from '../account.ts'
import { EngineError } from '../engine-error.ts'
import { EngineProcess, endOfLog, type Launch, send } from '../engine-process.ts'
import type { KeyPair } from '../keys.ts'
import { programPath } from '../programs.ts'

const startedWithinMs = 120_000
const lookMs = 50

export interface PostgresPlan {
  /** Holds the cluster and its log. */
  readonly folder: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly after: Launch['after']
  /** What is written is only handed to the kernel: for tests, in which no power is cut. */
  readonly isHasty: boolean
  /** Further addresses of this machine that it listens on; all that reach one sign in as on loopback. */
  readonly addresses?: readonly string[]
  /** It takes connections by TLS as well, with this key; a client may be made to. */
  readonly tls?: KeyPair | undefined
  readonly settings?: readonly string[]
}

/** A Postgres in a folder of its own, which can be ended in any way, frozen, and started again on its port. */
export class PostgresServer {
  #process: EngineProcess | undefined
  readonly log: string
  readonly #cluster: string

  constructor(readonly plan: PostgresPlan) {
    this.log = join(plan.folder, 'log')
    this.#cluster = join(plan.folder, 'cluster')
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

  urlOf(database: string): string {
    const { user, password, port } = this.plan
    return `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`
  }

  /** Starts it, and waits until it answers. */
  async start(): Promise<void> {
    const { folder, after } = this.plan
    if (!existsSync(join(this.#cluster, 'PG_VERSION'))) this.#init()
    this.#process = await EngineProcess.launch({ command: this.#command(), folder, log: this.log, after, as: 'nobody' })
    await this.#answers()
  }

  async ensureDatabase(name: string): Promise<void> {
    await using sql = new SQL(this.urlOf('postgres'), { max: 1 })
    const found = await sql.unsafe<unknown[]>('select 1 from pg_database where datname = $1', [name])
    if (found.length === 0) await sql.unsafe(`create database ${name}`)
  }

  /** `SIGINT` breaks off what runs and writes what is done; `SIGQUIT` and `SIGKILL` do not even do that. */
  async end(signal: 'SIGINT' | 'SIGQUIT' | 'SIGKILL'): Promise<void> {
    const ending = this.#process
    if (ending === undefined) return
    // One that is frozen does not hear that its parent has ended.
    this.thaw()
    const children = signal === 'SIGKILL' ? childrenOf(ending.pid) : []
    await ending.end(signal)
    // Those that are left would keep another one from starting.
    for (const child of children) send(child, 'SIGKILL')
    this.#process = undefined
  }

  async restart(signal: 'SIGINT' | 'SIGQUIT' | 'SIGKILL' = 'SIGINT'): Promise<void> {
    await this.end(signal)
    await this.start()
  }

  /** It keeps its connections, takes new ones, and answers nothing: all its processes stand. */
  freeze(): void {
    this.#signalAll('SIGSTOP')
  }

  thaw(): void {
    this.#signalAll('SIGCONT')
  }

  #signalAll(signal: NodeJS.Signals): void {
    if (this.#process === undefined) return
    this.#process.signal(signal)
    for (const child of childrenOf(this.#process.pid)) send(child, signal)
  }

  #init(): void {
    const { folder, user, password, isHasty } = this.plan
    mkdirSync(folder, { recursive: true, mode: 0o755 })
    // One that was broken off is begun again.
    rmSync(this.#cluster, { recursive: true, force: true })
    const secret = join(folder, 'password')
    writeFileSync(secret, password, { mode: 0o600 })
    handOver(folder)
    const flags = ['--auth=scram-sha-256', `--pwfile=${secret}`, `--username=${user}`, '--encoding=UTF8', '--locale=C']
    const command = [
      join(dirname(programPath('postgres')), 'initdb'),
      `--pgdata=${this.#cluster}`,
      ...flags,
      ...(isHasty ? ['--no-sync'] : []),
    ]
    const made = Bun.spawnSync(unprivileged(command), { cwd: folder, env: { PATH: process.env.PATH ?? '', LC_ALL: 'C' } })
    if (!made.success) throw new EngineError(`initdb: ${made.stdout}${made.stderr}`)
    for (const address of this.plan.addresses ?? [])
      appendFileSync(join(this.#cluster, 'pg_hba.conf'), `host all all ${address}/16 scram-sha-256\n`)
  }

  #command(): string[] {
    const { port, isHasty, tls, settings = [], addresses = [] } = this.plan
    const all = [
      ...[`listen_addresses=${['127.0.0.1', ...addresses].join(',')}`, 'unix_socket_directories=', 'max_connections=200'],
      ...(isHasty ? ['fsync=off', 'deadlock_timeout=100ms'] : []),
      ...(tls === undefined ? [] : ['ssl=on', `ssl_cert_file=${tls.cert}`, `ssl_key_file=${tls.key}`]),
      ...settings,
    ]
    return [programPath('postgres'), '-D', this.#cluster, '-p', `${port}`, ...all.flatMap(setting => ['-c', setting])]
  }

  async #answers(): Promise<void> {
    const end = performance.now() + startedWithinMs
    const sql = new SQL(this.urlOf('postgres'), { max: 1 })
    try {
      for (;;) {
        try {
          await sql.unsafe('select 1')
          return
        } catch (cause) {
          if (!this.isAlive) throw new EngineError(`Postgres has ended; the end of ${this.log}:\n${endOfLog(this.log)}`, { cause })
          if (performance.now() > end)
            throw new EngineError(`Postgres did not answer within ${startedWithinMs / 1000} s: ${cause}`, { cause })
          await Bun.sleep(lookMs)
        }
      }
    } finally {
      await sql.close({ timeout: 0 })
    }
  }
}

/** By `/proc`: nowhere else does anything need them. */
function childrenOf(pid: number): number[] {
  const folder = `/proc/${pid}/task`
  if (!existsSync(folder)) return []
  return readdirSync(folder).flatMap(task =>
    readFileSync(join(folder, task, 'children'), 'utf8')
      .split(' ')
      .filter(Boolean)
      .map(Number),
  )
}
