import { connect, createServer, type Server, type Socket } from 'node:net'

/** The network between an SDK and the server, which can be severed at any byte. */
export class Line implements AsyncDisposable {
  readonly #pairs = new Set<readonly [Socket, Socket]>()
  #isDown = false
  /** Bytes from the server that still pass before it breaks; undefined for all. */
  #left: number | undefined

  constructor(
    readonly server: Server,
    readonly target: URL,
  ) {}

  static async to(url: string): Promise<Line> {
    const server = createServer()
    const line = new Line(server, new URL(url))
    server.on('connection', socket => line.#join(socket))
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return line
  }

  get url(): string {
    const address = this.server.address()
    if (address === null || typeof address === 'string') throw new Error('the line is closed')
    return `http://127.0.0.1:${address.port}`
  }

  get wsUrl(): string {
    return `${this.url.replace('http', 'ws')}/connection/websocket`
  }

  /** Everything open breaks; who comes next passes, unless the line is down. */
  cut(): void {
    this.#left = undefined
    for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy()
  }

  /** Breaks after so many more bytes from the server, wherever in a frame that is. */
  cutAfter(bytes: number): void {
    this.#left = bytes
  }

  /** Breaks, and lets nobody through until it is up again. */
  down(): void {
    this.#isDown = true
    this.cut()
  }

  up(): void {
    this.#isDown = false
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.down()
    await new Promise<void>(resolve => this.server.close(() => resolve()))
  }

  #join(lower: Socket): void {
    if (this.#isDown) {
      lower.on('error', () => lower.destroy())
      lower.resetAndDestroy()
      return
    }
    const upper = connect({ host: this.target.hostname, port: Number(this.target.port), noDelay: true })
    const pair = [lower, upper] as const
    this.#pairs.add(pair)
    lower.setNoDelay(true)
    lower.on('data', bytes => upper.write(bytes))
    upper.on('data', (bytes: Buffer) => this.#pass(lower, bytes))
    for (const [from, to] of [pair, [upper, lower] as const]) {
      from.on('error', () => to.destroy())
      from.on('close', () => {
        to.destroy()
        this.#pairs.delete(pair)
      })
    }
  }

  #pass(lower: Socket, bytes: Buffer): void {
    if (this.#left === undefined) {
      lower.write(bytes)
      return
    }
    const passing = bytes.subarray(0, this.#left)
    this.#left -= passing.length
    // Not reset: what was let pass has to arrive.
    if (this.#left > 0) lower.write(passing)
    else {
      this.#left = undefined
      lower.end(passing, () => lower.destroy())
      for (const pair of this.#pairs) if (pair[0] === lower) pair[1].destroy()
    }
  }
}
