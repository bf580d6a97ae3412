import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { NativeTools } from './toolchain.ts'
import { family, type Usage, usageOf } from './usage.ts'

/** How a command is started and how it is known to be up. */
export interface Launch {
  readonly command: readonly string[]
  readonly port: number
  readonly env?: Record<string, string>
}

const readyWithinMs = 20_000
const stopWithinMs = 3000

/** Where a benchmark plays: it starts servers and loads on their processors and ports, and ends all that it started. */
export class Stage implements AsyncDisposable {
  readonly tools: NativeTools
  /** A folder for whatever servers write. */
  readonly cache: string
  readonly pinned: boolean
  #port: number
  readonly #closing: (() => Promise<void>)[] = []

  constructor(options: { tools: NativeTools; cache: string; firstPort: number; pinned: boolean }) {
    this.tools = options.tools
    this.cache = options.cache
    this.pinned = options.pinned
    this.#port = options.firstPort
  }

  nextPort(): number {
    return this.#port++
  }

  async folder(name: string): Promise<string> {
    const path = join(this.cache, name)
    await mkdir(path, { recursive: true })
    return path
  }

  /** The command on the processor of servers (0), or on that of everything else (1). */
  onProcessor(processor: 0 | 1, command: readonly string[]): string[] {
    return this.pinned ? ['taskset', '-c', String(processor), ...command] : [...command]
  }

  /** Starts a server and waits until its port answers. */
  async startServer(name: string, launch: Launch): Promise<ServerProcess> {
    const server = new ServerProcess(name, this.onProcessor(0, launch.command), launch)
    this.atEnd(() => server.stop())
    await server.ready()
    return server
  }

  atEnd(close: () => Promise<void>): void {
    this.#closing.push(close)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (let close = this.#closing.pop(); close !== undefined; close = this.#closing.pop()) await close()
  }
}

/** A server under measurement, seen from outside. */
export class ServerProcess {
  readonly name: string
  readonly port: number
  readonly #process: Bun.Subprocess<'ignore', 'ignore', 'pipe'>
  readonly #complaint: Promise<string>

  constructor(name: string, command: string[], launch: Launch) {
    this.name = name
    this.port = launch.port
    this.#process = Bun.spawn(command, { stdin: 'ignore', stdout: 'ignore', stderr: 'pipe', env: { ...process.env, ...launch.env } })
    this.#complaint = new Response(this.#process.stderr).text()
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  usage(): Usage {
    return usageOf(this.#process.pid)
  }

  async ready(): Promise<void> {
    const until = performance.now() + readyWithinMs
    while (!(await listens(this.port))) {
      if (this.#process.exitCode !== null)
        throw new Error(`${this.name} ended at its start: ${(await this.#complaint).trim().slice(0, 600)}`)
      if (performance.now() > until) throw new Error(`${this.name} did not listen on port ${this.port} within ${readyWithinMs / 1000} s`)
      await Bun.sleep(30)
    }
  }

  async stop(): Promise<void> {
    const members = family(this.#process.pid)
    this.#process.kill('SIGTERM')
    await Promise.race([this.#process.exited, Bun.sleep(stopWithinMs)])
    if (this.#process.exitCode === null && this.#process.signalCode === null) for (const member of members) kill(member)
    await this.#process.exited
  }
}

/** The process may have gone by itself in the meantime, which is as good. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

async function listens(port: number): Promise<boolean> {
  const socket = await Bun.connect({ hostname: '127.0.0.1', port, socket: { data() {} } }).catch(() => undefined)
  socket?.end()
  return socket !== undefined
}
