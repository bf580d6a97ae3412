import { signToken } from '../src/server/index.ts'
import { quantile } from './tree-probe.ts'

export interface Reply {
  readonly id?: number
  readonly error?: { readonly code: number; readonly message: string }
  readonly rpc?: { readonly data?: { readonly conversation?: string } }
  readonly [method: string]: unknown
}

/** One user's connection, JSON by hand: it sends what it is told and waits for the answer. */
export class Caller {
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, (reply: Reply) => void>()
  #id = 0

  private constructor(
    url: string,
    readonly user: string,
  ) {
    this.#socket = new WebSocket(`${url.replace('http', 'ws')}/connection/websocket`)
  }

  static async connect(url: string, user: string, secret: string): Promise<Caller> {
    const caller = new Caller(url, user)
    const opened = Promise.withResolvers<void>()
    caller.#socket.onopen = () => opened.resolve()
    caller.#socket.onerror = () => opened.reject(new Error(`${user} could not connect`))
    caller.#socket.onmessage = ({ data }) => caller.#received(String(data))
    caller.#socket.onclose = ({ code }) => {
      for (const [id, answer] of caller.#waiting) answer({ id, error: { code, message: 'closed' } })
    }
    await opened.promise
    await caller.call({ connect: { token: await signToken(secret, { sub: user }) } })
    return caller
  }

  call(command: object): Promise<Reply> {
    const id = ++this.#id
    return new Promise(resolve => {
      this.#waiting.set(id, resolve)
      this.#socket.send(JSON.stringify({ id, ...command }))
    })
  }

  /** All in one frame. */
  async callAll(commands: readonly object[]): Promise<Reply[]> {
    const first = this.#id + 1
    this.#id += commands.length
    const answers = commands.map((_, n) => new Promise<Reply>(resolve => this.#waiting.set(first + n, resolve)))
    this.#socket.send(commands.map((command, n) => JSON.stringify({ id: first + n, ...command })).join('\n'))
    return Promise.all(answers)
  }

  close(): void {
    this.#socket.close()
  }

  #received(frame: string): void {
    for (const line of frame.split('\n')) {
      const reply: Reply = JSON.parse(line)
      if (Object.keys(reply).length === 0) this.#socket.send('{}')
      const answer = reply.id === undefined ? undefined : this.#waiting.get(reply.id)
      if (reply.id !== undefined) this.#waiting.delete(reply.id)
      answer?.(reply)
    }
  }
}

export interface Latency {
  readonly p50: number
  readonly p99: number
  readonly asked: number
  readonly failed: number
}

/** How often a neighbour asks for something. The next ask does not wait for the answer to the last, or a server at a halt would be asked once. */
const everyMs = 10

/** What neighbours wait for an answer, each in turn, for as long as `during` lasts. */
export async function latencyOf(
  neighbours: readonly Caller[],
  ask: (neighbour: Caller, index: number) => Promise<Reply>,
  during: Promise<unknown>,
): Promise<Latency> {
  const waits: number[] = []
  const asked: Promise<unknown>[] = []
  const progress = { isOver: false, failed: 0 }
  const over = during.then(() => {
    progress.isOver = true
  })
  const startMs = performance.now()
  for (let turn = 0; !progress.isOver; turn++) {
    const dueMs = startMs + turn * everyMs
    if (performance.now() < dueMs) await Bun.sleep(dueMs - performance.now())
    const neighbour = neighbours[turn % neighbours.length]
    if (neighbour === undefined) break
    asked.push(
      ask(neighbour, turn % neighbours.length).then(reply => {
        waits.push(performance.now() - dueMs)
        if (reply.error !== undefined) progress.failed++
      }),
    )
  }
  await over
  await Promise.all(asked)
  return { p50: quantile(waits, 0.5), p99: quantile(waits, 0.99), asked: waits.length, failed: progress.failed }
}
