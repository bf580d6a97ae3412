import { chmodSync, existsSync, mkdtempSync, realpathSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { SQL, type Subprocess, sleep } from 'bun'
import { freePort } from '../free-port.ts'
import { pathOf } from '../tools.ts'

const user = 'fanfare'
const password = 'a p@ss/word'
/** Another program may take the port between finding and using it. */
const portsTried = 3
const startedWithinMs = 120_000

/** Ends the server when its input ends, so that it does not outlive tests that are killed. */
const guard = '"$@" & server=$!; read -r _; kill -INT $server; wait $server'

/**
 * A Postgres of a test file's own, on a free port of this machine and in a folder that goes with it. What it is told to write it only hands to
 * the kernel, as no test cuts the power.
 */
export class Postgres implements AsyncDisposable {
  readonly #folder: string
  readonly #admin: SQL
  readonly #server: Subprocess<'pipe', 'ignore', 'pipe'>
  #databases = 0

  private constructor(
    folder: string,
    server: Subprocess<'pipe', 'ignore', 'pipe'>,
    readonly port: number,
  ) {
    this.#folder = folder
    this.#server = server
    this.#admin = new SQL(this.urlOf('postgres'), { max: 1 })
  }

  static async start(): Promise<Postgres> {
    const postgres = realpathSync(pathOf('postgres'))
    const folder = mkdtempSync(join(roomiest(), 'fanfare-postgres-'))
    // Postgres refuses to be root, so where tests are, another user must be able to enter.
    chmodSync(folder, 0o755)
    const cluster = join(folder, 'cluster')
    const secret = join(folder, 'password')
    writeFileSync(secret, password)
    const initdb = join(dirname(postgres), 'initdb')
    const options = ['--auth=scram-sha-256', `--pwfile=${secret}`, `--username=${user}`, '--encoding=UTF8', '--locale=C', '--no-sync']
    if (asUser().length > 0) {
      const owned = Bun.spawnSync(['chown', '-R', 'postgres', folder])
      if (!owned.success) throw new Error(`there is no user postgres: ${owned.stderr}`)
    }
    const made = Bun.spawnSync([...asUser(), initdb, `--pgdata=${cluster}`, ...options], { cwd: folder, env: environment() })
    if (!made.success) throw new Error(`initdb: ${made.stderr}`)
    for (let attempt = 1; ; attempt++) {
      try {
        return await Postgres.#serve(postgres, folder, cluster, freePort())
      } catch (error) {
        if (attempt < portsTried) continue
        rmSync(folder, { recursive: true, force: true })
        throw error
      }
    }
  }

  static async #serve(program: string, folder: string, cluster: string, port: number): Promise<Postgres> {
    const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off', 'deadlock_timeout=100ms', 'max_connections=60']
    const command = [program, '-D', cluster, '-p', `${port}`, ...settings.flatMap(setting => ['-c', setting])]
    const server = Bun.spawn([...asUser(), 'sh', '-c', guard, 'guard', ...command], {
      cwd: folder,
      env: environment(),
      stdin: 'pipe',
      stdout: 'ignore',
      stderr: 'pipe',
    })
    const postgres = new Postgres(folder, server, port)
    const deadline = performance.now() + startedWithinMs
    for (;;) {
      try {
        await postgres.#admin.unsafe('select 1')
        return postgres
      } catch (error) {
        const over = performance.now() > deadline
        if (!over && server.exitCode === null) {
          await sleep(50)
          continue
        }
        await postgres.#end()
        throw new Error(`postgres did not start: ${await new Response(server.stderr).text()}`, { cause: error })
      }
    }
  }

  urlOf(database: string): string {
    return `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${this.port}/${database}`
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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #end(): Promise<void> {
    await this.#admin.close({ timeout: 0 })
    await this.#server.stdin.end()
    await this.#server.exited
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

/** What goes before a command, so that it is not run as root. */
function asUser(): string[] {
  return process.getuid?.() === 0 ? ['runuser', '-u', 'postgres', '--'] : []
}

/** Messages in English, and nothing of the settings of whoever runs the tests. */
function environment(): Record<string, string> {
  return { PATH: process.env.PATH ?? '', LC_ALL: 'C' }
}
