import { connect, createServer, type Server, type Socket } from 'node:net'

export interface Target {
  readonly host: string
  readonly port: number
}

/** How a line carries: everything at once, nothing at all, or so many bytes a second. */
export type Carriage = 'open' | 'swallowing' | { readonly bytesPerSecond: number }

const host = '127.0.0.1'
const sliceMs = 50

/** A TCP line to a port of this machine, which can swallow all that goes over it or carry it slowly, without either end being told. */
export class Line {
  readonly #pairs = new Set<readonly [Socket, Socket]>()
  readonly #server: Server
  #carriage: Carriage = 'open'
  readonly #waiting = new Map<Socket, Buffer[]>()
  #timer: Timer | undefined

  private constructor(readonly target: Target) {
    this.#server = createServer({ pauseOnConnect: false }, near => this.#join(near))
  }

  static async open(target: Target, port = 0): Promise<Line> {
    const line = new Line(target)
    await new Promise<void>((resolve, reject) => {
      line.#server.once('error', reject)
      line.#server.listen(port, host, resolve)
    })
    return line
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  carry(carriage: Carriage): void {
    this.#carriage = carriage
    clearInterval(this.#timer)
    this.#timer = typeof carriage === 'object' ? setInterval(() => this.#carrySome(carriage.bytesPerSecond), sliceMs) : undefined
    if (carriage !== 'open') return
    for (const [to, chunks] of this.#waiting) for (const chunk of chunks.splice(0)) to.write(chunk)
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy()
    await new Promise(resolve => this.#server.close(resolve))
  }

  #join(near: Socket): void {
    const far = connect(this.target.port, this.target.host)
    const pair = [near, far] as const
    this.#pairs.add(pair)
    for (const [from, to] of [pair, [far, near]] as const) {
      this.#waiting.set(to, [])
      from.setNoDelay(true)
      from.on('data', chunk => this.#pass(to, Buffer.from(chunk)))
      from.on('error', () => undefined)
      from.on('close', () => this.#part(pair))
    }
  }

  #pass(to: Socket, chunk: Buffer): void {
    if (this.#carriage === 'open') to.write(chunk)
    else this.#waiting.get(to)?.push(chunk)
  }

  /** An end that closes is not told to the other while nothing is carried. */
  #part(pair: readonly [Socket, Socket]): void {
    if (!this.#pairs.delete(pair)) return
    for (const socket of pair) {
      socket.destroy()
      this.#waiting.delete(socket)
    }
  }

  #carrySome(bytesPerSecond: number): void {
    const share = Math.ceil((bytesPerSecond * sliceMs) / 1000)
    for (const [to, chunks] of this.#waiting) {
      let left = share
      for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) {
        to.write(chunk.subarray(0, left))
        if (chunk.length > left) {
          chunks.unshift(chunk.subarray(left))
          break
        }
        left -= chunk.length
        if (left === 0) break
      }
    }
  }
}
