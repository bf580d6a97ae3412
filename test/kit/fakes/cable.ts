import { connect, createServer, type Server, type Socket } from 'node:net'

/** A stretch of network between a relay and its parent, which can be cut, pulled out, or go dead without a word. */
export class Cable implements AsyncDisposable {
  readonly #pairs = new Set<readonly [Socket, Socket]>()
  #isDead = false
  #isOut = false

  constructor(
    readonly server: Server,
    readonly target: URL,
  ) {}

  /** From a free port to the address. */
  static async to(url: string): Promise<Cable> {
    const server = createServer({ pauseOnConnect: true })
    const cable = new Cable(server, new URL(url))
    server.on('connection', socket => cable.#join(socket))
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return cable
  }

  get upstream(): string {
    const address = this.server.address()
    if (address === null || typeof address === 'string') throw new Error('the cable is not plugged in')
    return `ws://127.0.0.1:${address.port}`
  }

  /** Everything open breaks at once; new connections pass. */
  cut(): void {
    for (const [lower, upper] of this.#pairs) {
      lower.resetAndDestroy()
      upper.resetAndDestroy()
    }
  }

  /** As when the machine at the other end is switched off: nothing passes, nothing is closed, new connections hang. */
  goDead(): void {
    this.#isDead = true
    for (const pair of this.#pairs) for (const socket of pair) socket.pause()
  }

  /** The other end is there again; what hung is broken off. */
  revive(): void {
    this.#isDead = false
    this.cut()
  }

  pull(): void {
    this.#isOut = true
    this.cut()
  }

  plug(): void {
    this.#isOut = false
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    await new Promise<void>(resolve => this.server.close(() => resolve()))
  }

  #join(lower: Socket): void {
    if (this.#isOut) {
      lower.resetAndDestroy()
      return
    }
    const upper = connect({ host: this.target.hostname, port: Number(this.target.port), noDelay: true })
    const pair = [lower, upper] as const
    this.#pairs.add(pair)
    for (const [from, to] of [pair, [upper, lower] as const]) {
      from.setNoDelay(true)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        to.destroy()
        this.#pairs.delete(pair)
      })
      // Not piped: a socket that is read by a pipe does not stay paused.
      from.on('data', bytes => {
        if (!to.write(bytes)) from.pause()
      })
      to.on('drain', () => {
        if (!this.#isDead) from.resume()
      })
      if (!this.#isDead) from.resume()
      else from.pause()
    }
  }
}
