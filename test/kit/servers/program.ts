import type { Subprocess } from 'bun'
import { until } from '../until.ts'

/** A program in a process of its own. Its output grows in `output`. */
export class Program implements AsyncDisposable {
  output = ''
  errors = ''
  readonly #child: Subprocess<'ignore', 'pipe', 'pipe'>

  constructor(command: readonly string[], env: Readonly<Record<string, string>>, cwd: string) {
    this.#child = Bun.spawn([...command], { cwd, env: { ...process.env, ...env }, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' })
    void read(this.#child.stdout, text => {
      this.output += text
    })
    void read(this.#child.stderr, text => {
      this.errors += text
    })
  }

  get pid(): number {
    return this.#child.pid
  }

  get exited(): Promise<number> {
    return this.#child.exited
  }

  /** Waits for a line, and gives what its pattern took out of it. */
  says(pattern: RegExp): Promise<string> {
    return until(`it says ${pattern} (${this.output}${this.errors})`, () => pattern.exec(this.output)?.[1])
  }

  /** @returns the exit code */
  stop(): Promise<number> {
    this.#child.kill('SIGTERM')
    return this.#child.exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

async function read(stream: ReadableStream<Uint8Array>, take: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder()
  for await (const chunk of stream) take(decoder.decode(chunk, { stream: true }))
}
