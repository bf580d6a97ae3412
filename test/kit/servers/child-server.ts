import type { Subprocess } from 'bun'
import type { Folder } from '../folder.ts'
import { within } from '../until.ts'

/** A server in a process of its own: it can be ended, and started again on the port that it had before. */
export abstract class ChildServer implements AsyncDisposable {
  port = 0
  /** Everything that was read of what it wrote, over all its starts. */
  output = ''
  protected child: Subprocess | undefined

  abstract start(): Promise<void>
  /** Gone with the server; none where the test brings its own. */
  abstract readonly folder: Folder | undefined

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  get wsUrl(): string {
    return `ws://127.0.0.1:${this.port}/connection/websocket`
  }

  get pid(): number {
    return this.child?.pid ?? 0
  }

  get isAlive(): boolean {
    return this.child?.exitCode === null && this.child.signalCode === null
  }

  signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.child?.kill(signal)
  }

  /** Waits for its end; gives the exit code, or undefined where a signal ended it. */
  async ended(): Promise<number | undefined> {
    if (this.child === undefined) return undefined
    await within('the server to end', this.child.exited)
    return this.child.exitCode ?? undefined
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | undefined> {
    this.signal(signal)
    return this.ended()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isAlive) await this.stop('SIGKILL')
    this.folder?.[Symbol.dispose]()
  }

  protected async read(output: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder()
    for await (const chunk of output) this.output += decoder.decode(chunk, { stream: true })
  }
}

/** Starts it, and leaves nothing behind where that fails. */
export async function started<S extends ChildServer>(server: S): Promise<S> {
  try {
    await server.start()
    return server
  } catch (error) {
    await server[Symbol.asyncDispose]()
    throw error
  }
}
