import { join } from 'node:path'
import type { ConfigInput } from '../../../src/server/index.ts'
import { Folder } from '../folder.ts'
import { within } from '../until.ts'
import { ChildServer, started } from './child-server.ts'
import { testConfig } from './server.ts'

export interface ProcessStats {
  readonly rssMb: number
  readonly heapMb: number
  readonly sessions: number
  readonly channels: number
  readonly closes: Readonly<Record<string, number>>
  readonly errors: Readonly<Record<string, number>>
  /** Of each session its user, and the bytes that wait in its outbox and its socket. */
  readonly users: readonly (readonly [user: string, queued: number, buffered: number])[]
}

/** How many objects there are of each class, and the bytes of their cells. */
export type HeapByClass = Readonly<Record<string, { readonly objects: number; readonly bytes: number }>>

/** A server in a process of its own, which can be killed and started again on the same port and data folder. */
export class ServerProcess extends ChildServer {
  readonly folder: Folder | undefined
  readonly data: string
  #waiting = new Map<number, (answer: { value?: unknown; error?: string }) => void>()
  #id = 0

  constructor(readonly input: ConfigInput) {
    super()
    this.folder = input.data === undefined ? new Folder() : undefined
    this.data = input.data ?? this.folder?.path ?? ''
  }

  static start(input: ConfigInput = {}): Promise<ServerProcess> {
    return started(new ServerProcess(input))
  }

  /** Its error output: warnings and errors of its log, or a crash. */
  get complaints(): string {
    return this.output
  }

  /** Starts it, on the port that it had before. */
  async start(): Promise<void> {
    const ready = Promise.withResolvers<string>()
    const config = testConfig({ port: this.port, ...this.input }, this.data)
    const child = Bun.spawn([process.execPath, join(import.meta.dir, 'serve.ts'), JSON.stringify({ ...config, port: this.port })], {
      stdout: 'inherit',
      stderr: 'pipe',
      ipc: message => {
        if ('url' in message) ready.resolve(message.url)
        else {
          this.#waiting.get(message.id)?.(message)
          this.#waiting.delete(message.id)
        }
      },
    })
    this.child = child
    void this.read(child.stderr)
    void child.exited.then(code => {
      const error = `the server ended with ${code}: ${this.complaints}`
      ready.reject(new Error(error))
      if (this.child === child) this.#abandon(error)
    })
    const url = await within('the server to start', ready.promise)
    this.port = Number(new URL(url).port)
  }

  publish(channel: string, data: unknown, options: object = {}): Promise<unknown> {
    return this.#ask({ what: 'publish', channel, data, options })
  }

  /** Publishes many at once. */
  storm(items: readonly (readonly [channel: string, data: unknown])[]): Promise<unknown> {
    return this.#ask({ what: 'storm', data: items })
  }

  /** The newest offset of a channel. */
  async top(channel: string): Promise<number> {
    return Number(await this.#ask({ what: 'top', channel }))
  }

  removeHistory(channel: string): Promise<unknown> {
    return this.#ask({ what: 'remove-history', channel })
  }

  async stats(): Promise<ProcessStats> {
    return (await this.#ask({ what: 'stats' })) as ProcessStats
  }

  /** What is alive in it, by the name of its class. */
  async heap(): Promise<HeapByClass> {
    return (await this.#ask({ what: 'heap' })) as HeapByClass
  }

  async collect(): Promise<void> {
    await this.#ask({ what: 'collect' })
  }

  /** What a dead server was asked is not answered any more. */
  #abandon(error: string): void {
    for (const answer of this.#waiting.values()) answer({ error })
    this.#waiting.clear()
  }

  #ask(wish: object): Promise<unknown> {
    const id = ++this.#id
    if (!this.isAlive) return Promise.reject(new Error('the server is not running'))
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ value, error }) => (error === undefined ? resolve(value) : reject(new Error(error))))
      this.child?.send({ id, ...wish })
    })
  }
}
