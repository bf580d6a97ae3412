import { chmodSync, existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SQL } from 'bun'
import { EngineError, freePorts, Keys, PostgresServer } from '../../../engines/index.ts'

const user = 'fanfare'
const password = 'a p@ss/word'
/** Another program may take the port between finding and using it. */
const tries = 3

export interface PostgresOptions {
  /** It takes connections by TLS as well, under `localhost`. */
  readonly tls?: boolean
  /** As `log_statement=all`, beside those that it has. */
  readonly settings?: readonly string[]
}

/**
 * A Postgres of a test file's own, on a free port of this machine and in a folder that goes with it. What it is told to write it only hands to
 * the kernel, as no test cuts the power. It ends when the process of the test does.
 */
export class Postgres implements AsyncDisposable {
  readonly #admin: SQL
  #databases = 0

  private constructor(
    readonly folder: string,
    readonly server: PostgresServer,
    readonly keys: Keys | undefined,
  ) {
    this.#admin = new SQL(this.urlOf('postgres'), { max: 1 })
  }

  static async start({ tls = false, settings = [] }: PostgresOptions = {}): Promise<Postgres> {
    for (let attempt = 1; ; attempt++) {
      const folder = mkdtempSync(join(roomiest(), 'fanfare-postgres-'))
      // Postgres refuses to be root, so where tests are, another user must be able to enter.
      chmodSync(folder, 0o755)
      const keys = tls ? Keys.make(join(folder, 'keys')) : undefined
      const [port = 0] = freePorts(1)
      const server = new PostgresServer({ folder, port, user, password, after: 'SIGQUIT', isHasty: true, tls: keys?.server, settings })
      try {
        await server.start()
        return new Postgres(folder, server, keys)
      } catch (error) {
        await server.end('SIGQUIT')
        rmSync(folder, { recursive: true, force: true })
        if (attempt === tries || !(error instanceof EngineError)) throw error
      }
    }
  }

  get port(): number {
    return this.server.plan.port
  }

  urlOf(database: string): string {
    return this.server.urlOf(database)
  }

  /** The URL of an empty database. */
  async database(): Promise<string> {
    const name = `test_${++this.#databases}`
    await this.#admin.unsafe(`create database ${name}`)
    return this.urlOf(name)
  }

  /** Breaks off every connection to a database, as a restart or a network that is gone does. */
  async cutConnections(url: string): Promise<number> {
    const name = new URL(url).pathname.slice(1)
    const rows = await this.#admin.unsafe<unknown[]>(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()',
      [name],
    )
    return rows.length
  }

  /** All its processes stand: it keeps its connections and answers nothing, until it thaws. */
  freeze(): void {
    this.server.freeze()
  }

  thaw(): void {
    this.server.thaw()
  }

  /** On the port that it had, after an end in order or, with `SIGKILL`, without one. */
  restart(signal: 'SIGINT' | 'SIGKILL' = 'SIGINT'): Promise<void> {
    return this.server.restart(signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#admin.close({ timeout: 0 })
    await this.server.end('SIGQUIT')
    rmSync(this.folder, { recursive: true, force: true })
  }
}

const memory = '/dev/shm'
/** A cluster with fifty databases takes 0.4 GB; containers may have next to nothing here. */
const memoryBytesMin = 2 ** 31

/** Memory where there is enough of it: a database is made in a tenth of the time. */
function roomiest(): string {
  if (!existsSync(memory)) return tmpdir()
  const { bavail, bsize } = statfsSync(memory)
  return bavail * bsize >= memoryBytesMin ? memory : tmpdir()
}
