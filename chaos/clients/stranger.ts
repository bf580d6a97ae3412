import { between, type Random } from '../../src/kit/index.ts'
import { type Entrance, socketUrl } from './client.ts'
import { Writer } from './writer.ts'

const pauseMs = 250
const bytesMax = 400
const openMs = 300

const frames = [
  '{"id":1,"connect":{}}',
  '{"id":1,"connect":{"token":"a.b.c"}}',
  '{"id":2,"subscribe":{"channel":"kept:1","recover":true,"offset":9e99,"epoch":"x"}}',
  '{"id":3,"publish":{"channel":"kept:1","data":null}}\n{"id":3}',
  '{"id":4,"rpc":{"method":"chat.send","data":{"conversation":[[[[]]]]}}}',
]

/** Someone without a token who sends whatever comes to mind. Nothing of it may harm a node. */
export class Stranger extends Writer {
  tries = 0

  constructor(
    readonly entrance: Entrance,
    readonly random: Random,
  ) {
    super()
  }

  protected async run(): Promise<void> {
    while (!this.isStopped) {
      this.tries++
      await (this.random.next() < 0.5 ? this.#socket() : this.#request())
      await Bun.sleep(pauseMs)
    }
  }

  async #socket(): Promise<void> {
    const socket = new WebSocket(socketUrl(this.entrance), ['centrifuge-json'])
    socket.addEventListener('open', () => {
      for (let n = 0; n < 3; n++) socket.send(this.#garbled(frames[between(this.random, 0, frames.length - 1)] ?? ''))
    })
    await Bun.sleep(openMs)
    socket.close()
  }

  async #request(): Promise<void> {
    const paths = ['/sse?channel=kept:1', '/api/publish', '/sports/games/north/events', '/rpc/chat.send', '/connection/node', '/%00']
    const path = paths[between(this.random, 0, paths.length - 1)] ?? '/'
    const method = this.random.next() < 0.5 ? 'GET' : 'POST'
    const body = method === 'POST' ? { body: this.#garbled('{"channel":"kept:1","data":{}}') } : {}
    const headers = { 'Last-Event-ID': encodeURIComponent(this.#garbled('cursor')), 'X-API-Key': 'guessed' }
    await fetch(`${this.entrance.url}${path}`, { method, headers, ...body, signal: AbortSignal.timeout(openMs), keepalive: false })
      .then(response => response.body?.cancel())
      .catch(() => undefined)
  }

  /** Some characters changed, left out or doubled. */
  #garbled(text: string): string {
    const letters = [...text]
    for (let n = between(this.random, 0, 6); n > 0; n--)
      letters.splice(
        between(this.random, 0, letters.length),
        between(this.random, 0, 2),
        String.fromCodePoint(between(this.random, 1, 0x2fff)),
      )
    return letters.join('').slice(0, bytesMax)
  }
}
