import { join } from 'node:path'
import type { Subprocess } from 'bun'
import type { Topology } from '../../cluster/index.ts'
import { upgradeLink } from '../../cluster/index.ts'
import type { Log } from '../../hub/index.ts'
import { backoffMs, type Clock, type Random } from '../../kit/index.ts'
import { HttpTransport } from '../../transport/index.ts'
import type { Config } from '../config/index.ts'

/** The first line of a worker's standard input, which no other process can read. */
export interface WorkerOrder {
  readonly config: Config
  /** The parent's private port, `ws://127.0.0.1:…`. */
  readonly upstream: string
  readonly secret: string
  readonly port: number
}

/** The line that a worker writes when it listens. */
export const readyLine = 'worker ready'

const script = join(import.meta.dir, 'worker.ts')
const restart = { baseMs: 200, capMs: 10_000 } as const
/** A worker that lived for this long did not fail at once: the pauses begin anew. */
const stableMs = 60_000
/** How long a worker may take to say that it listens. */
const startMs = 20_000

export interface WorkersOptions {
  readonly config: Config
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly http: HttpTransport
  readonly topology: Pick<Topology, 'role' | 'children'>
}

type Worker = Subprocess<'pipe', 'pipe', 'inherit'>

/**
 * The processes that `workers: N` adds on the same port: relays of this one, which the kernel hands connections to. They hang on a private
 * port of the loopback, die with this process, and are started again when they fail.
 */
export class Workers {
  readonly #workers = new Set<Worker>()
  #private: HttpTransport | undefined
  #isClosed = false
  #failures = 0

  constructor(readonly options: WorkersOptions) {}

  /** A port that several processes may share is also given to a stranger, so it is tried first. @throws Error with code `EADDRINUSE` */
  checkPort(): void {
    const { config, topology } = this.options
    if (config.workers < 2 || topology.role === 'worker' || config.port === 0) return
    Bun.listen({ hostname: config.host, port: config.port, socket: { data() {} } }).stop(true)
  }

  /** Resolves when all of them listen. @throws Error when one ends instead */
  async start(): Promise<void> {
    const { config, http, topology } = this.options
    if (config.workers < 2 || topology.role === 'worker') return
    this.#private = new HttpTransport({ ...http.options, host: '127.0.0.1', port: 0, reusePort: false }, http.router)
    this.#private.upgrade('/connection/node', (request, upgrader) => upgradeLink(topology.children, request, upgrader))
    this.#private.listen()
    const started = await Promise.all(Array.from({ length: config.workers - 1 }, () => this.#spawn()))
    if (started.includes(false)) throw new Error('a worker ended before it listened; its own lines say why')
  }

  /** Has every worker send its clients away and end. */
  async drain(): Promise<void> {
    this.#isClosed = true
    const workers = [...this.#workers]
    for (const worker of workers) worker.kill('SIGTERM')
    await Promise.all(workers.map(worker => worker.exited))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const workers = [...this.#workers]
    // The end of its input tells a worker that its parent is gone.
    for (const worker of workers) await worker.stdin.end()
    await Promise.all(workers.map(worker => worker.exited))
    await this.#private?.stop(true)
  }

  /** @returns whether it came to listen */
  async #spawn(): Promise<boolean> {
    const { config, http, log, clock } = this.options
    const worker = Bun.spawn([process.execPath, script], { stdin: 'pipe', stdout: 'pipe', stderr: 'inherit' })
    const bornAt = clock.now()
    this.#workers.add(worker)
    void worker.exited.then(code => this.#exited(worker, code, clock.now() - bornAt))
    const order: WorkerOrder = {
      config,
      upstream: `ws://127.0.0.1:${this.#private?.port ?? 0}`,
      secret: config.node.secret ?? '',
      port: http.port,
    }
    worker.stdin.write(`${JSON.stringify(order)}\n`)
    await worker.stdin.flush()
    const isListening = await this.#listening(worker)
    if (isListening) log.info({ pid: worker.pid }, 'a worker listens')
    return isListening
  }

  /** A worker writes a line when it listens; everything else that it writes is its log. */
  #listening(worker: Worker): Promise<boolean> {
    const timeout = this.options.clock.after(startMs, () => worker.kill('SIGKILL'))
    return new Promise(resolve => {
      const settle = (isListening: boolean) => {
        timeout.cancel()
        resolve(isListening)
      }
      void passOn(worker.stdout, () => settle(true)).then(() => settle(false))
    })
  }

  #exited(worker: Worker, code: number, livedMs: number): void {
    const { log, clock, random } = this.options
    this.#workers.delete(worker)
    if (this.#isClosed) return
    if (livedMs >= stableMs) this.#failures = 0
    log.error({ pid: worker.pid, code, signal: worker.signalCode }, 'a worker ended and is started again')
    clock.after(backoffMs(this.#failures++, random, restart), () => {
      if (!this.#isClosed) void this.#spawn()
    })
  }
}

/** Passes lines on whole, as several processes write to one output. */
async function passOn(output: ReadableStream<Uint8Array>, ready: () => void): Promise<void> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of output) {
    const lines = `${rest}${decoder.decode(chunk, { stream: true })}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line === readyLine) ready()
      else process.stdout.write(`${line}\n`)
    }
  }
  if (rest !== '') process.stdout.write(`${rest}\n`)
}
