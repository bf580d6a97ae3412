import { join } from 'node:path'
import type { Audience } from './peer.ts'
import type { Stage } from './stage.ts'

/** What arrived on all connections between `begin` and `end`. */
export interface LoadReport {
  readonly messages: number
  /** On the connection with the fewest, and with the most. */
  readonly fewest: number
  readonly most: number
  /** Numbers that were left out on a connection, and numbers that came again. */
  readonly gaps: number
  readonly repeats: number
  /** Connections that were refused or have ended. */
  readonly closed: number
  readonly bytes: number
  /** Reads that brought bytes. */
  readonly reads: number
  /** TCP segments with bytes: the writes of the other side, as long as they are small. 0 where the load cannot tell. */
  readonly segments: number
  readonly seconds: number
  readonly latencyMs: { readonly count: number; readonly p50: number; readonly p95: number; readonly p99: number; readonly max: number }
}

interface Opening {
  readonly wanted: number
  readonly open: number
  readonly refused: number
  readonly seconds: number
}

export interface LoadOptions {
  readonly port: number
  readonly connections: number
}

/** A load process may open 20,000 files at most on many systems, and each one more may come from an address of its own. */
const connectionsPerProcess = 10_000

const program = join(import.meta.dir, '..', 'src', 'cli', 'main.ts')

/** Clients of one server, held open by a process of their own that counts what each of them gets. */
export class Load {
  readonly connections: number
  readonly #process: Bun.Subprocess<'pipe', 'pipe', 'inherit'>
  readonly #answers: AsyncIterator<string>

  /** Opens all connections; fails when any of them was refused. */
  static async open(stage: Stage, audience: Audience, options: LoadOptions): Promise<Load> {
    const load = new Load(stage, audience, options)
    stage.atEnd(() => load.close())
    const opening = await load.#answer<Opening>()
    if (opening.open < options.connections) throw new Error(`only ${opening.open} of ${options.connections} connections were let in`)
    return load
  }

  private constructor(stage: Stage, audience: Audience, options: LoadOptions) {
    this.connections = options.connections
    const command = stage.onProcessor(1, loadCommand(stage, audience, options))
    this.#process = Bun.spawn(command, { stdin: 'pipe', stdout: 'pipe', stderr: 'inherit' })
    this.#answers = lines(this.#process.stdout)
  }

  /** Forgets what was counted so far. */
  async begin(): Promise<void> {
    this.#order('begin')
    await this.#answer()
  }

  /** Resolves once every connection has that many messages, or the time is over, to how many connections have fewer. */
  async wait(messages: number, timeoutMs: number): Promise<number> {
    this.#order(`wait ${messages} ${timeoutMs}`)
    return (await this.#answer<{ short: number }>()).short
  }

  async end(): Promise<LoadReport> {
    this.#order('end')
    return await this.#answer<LoadReport>()
  }

  async close(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#process.exited
  }

  #order(line: string): void {
    this.#process.stdin.write(`${line}\n`)
    this.#process.stdin.flush()
  }

  async #answer<T>(): Promise<T> {
    const { value, done } = await this.#answers.next()
    if (done === true) throw new Error(`the load ended (exit code ${await this.#process.exited})`)
    return JSON.parse(value)
  }
}

/** `bench-client` takes the same options and orders as the native load, so either can stand in for the other. */
function loadCommand(stage: Stage, audience: Audience, options: LoadOptions): string[] {
  const flags = ['-n', String(options.connections)]
  for (const greeting of audience.greetings ?? []) flags.push('-i', greeting)
  for (const answer of audience.answers ?? []) flags.push('-a', answer)
  if (audience.openText !== undefined) flags.push('-e', audience.openText)
  if (audience.match !== undefined) flags.push('-m', audience.match)
  if (stage.tools.kind === 'missing') {
    return [
      process.execPath,
      program,
      'bench-client',
      '--orders',
      ...flags,
      audience.wire,
      `http://127.0.0.1:${options.port}${audience.path}`,
    ]
  }
  const processes = String(Math.ceil(options.connections / connectionsPerProcess))
  return [stage.tools.load, '-p', processes, ...flags, audience.wire, '127.0.0.1', String(options.port), audience.path]
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const bytes of stream) {
    const parts = (rest + decoder.decode(bytes, { stream: true })).split('\n')
    rest = parts.pop() ?? ''
    yield* parts
  }
}
