import { expect, test } from 'bun:test'
import { SteppedClock, startServer, until } from '../kit/index.ts'

const channel = {
  namespaces: [
    { name: 'open', history_size: 10, history_ttl: '1m', allow_subscribe_for_anonymous: true, allow_subscribe_for_client: true },
  ],
}

/** The body of an event stream as it comes, without a parser that would be kind to it. */
class RawStream implements Disposable {
  text = ''
  ended = false
  readonly #abort = new AbortController()

  constructor(url: string, headers: Record<string, string> = {}) {
    void this.#read(url, headers).catch(() => {
      this.ended = true
    })
  }

  /** What stands between empty lines: to several clients each is an event. */
  get blocks(): string[] {
    return this.text.split('\n\n').slice(0, -1)
  }

  get withoutData(): string[] {
    return this.blocks.filter(block => !/^data: ./m.test(block))
  }

  [Symbol.dispose](): void {
    this.#abort.abort()
  }

  async #read(url: string, headers: Record<string, string>): Promise<void> {
    const { body } = await fetch(url, { headers, signal: this.#abort.signal })
    const decoder = new TextDecoder()
    for await (const chunk of body ?? []) this.text += decoder.decode(chunk, { stream: true })
    this.ended = true
  }
}

test('[E45] no empty line ends a block without data: retry, id and data of the first event are one, and heartbeats are lines of their own', async () => {
  await using server = await startServer({ channel, sse: { heartbeat_interval: '250ms' } })
  using stream = new RawStream(`${server.url}/sse?channel=open:a`)
  await until('two heartbeats came', () => (stream.text.match(/^:/gm) ?? []).length >= 2)
  await server.publish('open:a', { n: 1 })
  await until('the publication came', () => stream.text.includes('{"n":1}'))
  expect(stream.blocks[0]).toMatch(/^retry: \d+\nid: \S+\ndata: \{"connect":/)
  expect(stream.blocks[1]).toMatch(/^(:\n)+id: \S+\ndata: \{"channel":"open:a"/)
  expect(stream.withoutData).toEqual([])
})

test('[E45] so it is with a stream that a draining server ends, and with one that it turns away', async () => {
  const clock = new SteppedClock()
  await using server = await startServer({ channel, shutdown: { timeout: '10m' } }, { clock })
  using first = new RawStream(`${server.url}/sse?channel=open:a`)
  using second = new RawStream(`${server.url}/sse?channel=open:a`)
  await until('both are open', () => first.blocks.length === 1 && second.blocks.length === 1)
  const drained = server.server.drain()
  await until('one was sent away', () => first.ended || second.ended)
  const late = await fetch(`${server.url}/sse?channel=open:a`, { headers: { Accept: 'text/event-stream' } })
  expect(await late.text()).toMatch(/^retry: \d+\ndata: \{"disconnect":.*\}\n\n$/)
  clock.advance(600_000)
  await drained
  await until('both are over', () => first.ended && second.ended)
  for (const { blocks, withoutData } of [first, second]) {
    expect(withoutData).toEqual([])
    // A heartbeat is a line before it.
    expect(blocks.at(-1)).toMatch(/^(?::\n)*retry: \d+\ndata: \{"disconnect":\{"code":3001/)
  }
})
