import { connect, createServer, type Socket } from 'node:net'

/** A way to Postgres that can be frozen: it keeps all connections and lets nothing through, as a server that hangs or a network that swallows all. */
export class FrozenLine {
  readonly #pairs = new Set<readonly [Socket, Socket]>()
  readonly #server
  #isFrozen = false

  constructor(readonly to: number) {
    this.#server = createServer(near => {
      const far = connect(this.to, '127.0.0.1')
      const pair = [near, far] as const
      this.#pairs.add(pair)
      for (const socket of pair) {
        socket.on('error', () => undefined)
        socket.on('close', () => {
          near.destroy()
          far.destroy()
        })
      }
      near.pipe(far)
      far.pipe(near)
      if (this.#isFrozen) this.freeze()
    })
    this.#server.listen(0, '127.0.0.1')
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  freeze(): void {
    this.#isFrozen = true
    for (const [near, far] of this.#pairs) {
      near.unpipe(far)
      far.unpipe(near)
    }
  }

  thaw(): void {
    this.#isFrozen = false
    for (const [near, far] of this.#pairs) {
      near.pipe(far)
      far.pipe(near)
    }
  }

  close(): void {
    this.#server.close()
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy()
  }
}
