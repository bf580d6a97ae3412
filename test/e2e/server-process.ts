import { join } from 'node:path'
import { until } from '../support/index.ts'

const root = join(import.meta.dir, '../..')

/** A port that was free a moment ago. */
export function freePort(): number {
  const probe = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response() })
  const { port } = probe
  probe.stop(true)
  if (port === undefined) throw new Error('no free port')
  return port
}

/** `fanfare start` as a process of its own, which can be killed and started again on the same port and data folder. */
export class ServerProcess implements AsyncDisposable {
  readonly port = freePort()
  #process: Bun.Subprocess | undefined

  constructor(
    readonly data: string,
    readonly options: readonly string[],
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** Resolves when it serves. */
  async start(): Promise<void> {
    const started = Bun.spawn({
      cmd: [process.execPath, join(root, 'src/cli/main.ts'), 'start', '--port', `${this.port}`, '--data', this.data, ...this.options],
      cwd: root,
      env: { ...process.env, FANFARE_LOG_FORMAT: 'json' },
      stdout: 'ignore',
      stderr: 'inherit',
    })
    this.#process = started
    await until('the server is ready', async () => {
      if (started.exitCode !== null) throw new Error(`the server ended with ${started.exitCode}`)
      const ready = await fetch(`${this.url}/readyz`).catch(() => undefined)
      return ready?.ok
    })
  }

  /** SIGKILL ends it as a crash or a power cut would; SIGTERM asks it to send its clients away first. */
  async stop(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.#process?.kill(signal)
    await this.#process?.exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL')
  }
}
