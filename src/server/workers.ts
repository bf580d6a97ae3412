import { join } from 'node:path'
import type { HTMLBundle, Subprocess } from 'bun'
import { backoffMs } from '../kit/index.ts'
import { HttpTransport } from '../transport/index.ts'
import type { Config } from './config/index.ts'
import type { FanfareServer } from './create-server.ts'

/** What a worker is told on the first line of its standard input, where no other process can read it. */
export interface WorkerOrder {
  readonly config: Config
  /** The parent's private port, `ws://127.0.0.1:…`. */
  readonly upstream: string
  readonly secret: string
  readonly port: number
}

/** What a worker writes when it listens. */
export const readyLine = 'worker ready'

const script = join(import.meta.dir, 'worker.ts')
const restart = { baseMs: 200, capMs: 10_000 } as const
/** How long a worker may take to say that it listens. */
const startMs = 20_000

type Worker = Subprocess<'pipe', 'pipe', 'inherit'>

/**
 * The processes that `workers: N` adds on the same port: relays of this one, which the kernel hands connections to. They hang on a private
 * port of the loopback, die with this process, and are started again when they fail.
 */
export class Workers {
  readonly #workers = new Set<Worker>()
  readonly #pages: (readonly [path: string, html: HTMLBundle])[] = []
  #private: HttpTransport | undefined
  #closed = false
  #failures = 0

  constructor(readonly server: FanfareServer) {}

  async start(): Promise<void> {
    const { config, http, log, tree } = this.server
    if (config.workers < 2 || tree.isWorker) return
    const { apiBytesMax, frameBytesMax } = config.limits
    const { origins } = this.server.gate
    this.#private = new HttpTransport(
      { host: '127.0.0.1', port: 0, reusePort: false, bodyBytesMax: apiBytesMax, frameBytesMax, origins, log },
      http.router,
    )
    this.#private.upgrade('/connection/node', (request, upgrader) => tree.children.upgrade(request, upgrader))
    for (const [path, html] of this.#pages) this.#private.page(path, html)
    this.#private.listen()
    await Promise.all(Array.from({ length: config.workers - 1 }, () => this.#spawn()))
  }

  page(path: string, html: HTMLBundle): void {
    this.#pages.push([path, html])
    this.#private?.page(path, html)
  }

  /** Has every worker send its clients away and end. */
  async drain(): Promise<void> {
    this.#closed = true
    const workers = [...this.#workers]
    for (const worker of workers) worker.kill('SIGTERM')
    await Promise.all(workers.map(worker => worker.exited))
  }

  async close(): Promise<void> {
    this.#closed = true
    const workers = [...this.#workers]
    // The end of its input tells a worker that its parent is gone.
    for (const worker of workers) await worker.stdin.end()
    await Promise.all(workers.map(worker => worker.exited))
    await this.#private?.stop(true)
  }

  async #spawn(): Promise<void> {
    const { config, http, log } = this.server
    const worker = Bun.spawn([process.execPath, script], { stdin: 'pipe', stdout: 'pipe', stderr: 'inherit' })
    this.#workers.add(worker)
    void worker.exited.then(code => this.#exited(worker, code))
    const order: WorkerOrder = {
      config,
      upstream: `ws://127.0.0.1:${this.#private?.port ?? 0}`,
      secret: config.node.secret ?? '',
      port: http.port,
    }
    worker.stdin.write(`${JSON.stringify(order)}\n`)
    await worker.stdin.flush()
    await this.#listening(worker)
    log.info({ pid: worker.pid }, 'a worker listens')
  }

  /** A worker writes a line when it listens; everything else that it writes is its log. Resolves as well when it ended before that. */
  #listening(worker: Worker): Promise<void> {
    const timeout = this.server.clock.after(startMs, () => worker.kill('SIGKILL'))
    return new Promise(resolve => {
      const done = () => {
        timeout.cancel()
        resolve()
      }
      void passOn(worker.stdout, done).then(done)
    })
  }

  #exited(worker: Worker, code: number): void {
    const { log, clock, random } = this.server
    this.#workers.delete(worker)
    if (this.#closed) return
    log.error({ pid: worker.pid, code }, 'a worker ended and is started again')
    clock.after(backoffMs(this.#failures++, random, restart), () => {
      if (!this.#closed) void this.#spawn()
    })
  }
}

async function passOn(output: ReadableStream<Uint8Array>, ready: () => void): Promise<void> {
  const decoder = new TextDecoder()
  for await (const chunk of output) {
    for (const line of decoder.decode(chunk, { stream: true }).split(/(?<=\n)/)) {
      if (line.trimEnd() === readyLine) ready()
      else process.stdout.write(line)
    }
  }
}
