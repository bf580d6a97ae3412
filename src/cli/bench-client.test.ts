import { afterEach, describe, expect, test } from 'bun:test'
import { systemClock } from '../kit/index.ts'
import { readBenchArguments } from './bench-arguments.ts'
import { runBenchClient } from './bench-client.ts'
import { Crowd } from './crowd.ts'
import type { CrowdOptions } from './crowd-options.ts'
import type { Terminal } from './terminal.ts'

const servers: Bun.Server<undefined>[] = []

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop(true)
})

/** A server that hands every message to everybody, on both wires; it lets in so many. */
function broadcaster(admitted = Number.POSITIVE_INFINITY) {
  const streams: ReadableStreamDefaultController[] = []
  const sockets: Bun.ServerWebSocket<undefined>[] = []
  const heard: string[] = []
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch(request, server) {
      if (streams.length + sockets.length >= admitted) return new Response('full', { status: 503 })
      if (request.headers.has('upgrade'))
        return server.upgrade(request, { data: undefined }) ? undefined : new Response('', { status: 400 })
      const start = (stream: ReadableStreamDefaultController) => {
        streams.push(stream)
        stream.enqueue('data: {"connect":{}}\n\n')
      }
      return new Response(new ReadableStream({ start }), { headers: { 'Content-Type': 'text/event-stream' } })
    },
    websocket: {
      open: socket => void sockets.push(socket),
      message(socket, text) {
        heard.push(String(text))
        if (String(text).includes('"id":2')) socket.send('{"id":1,"connect":{}}\n{"id":2,"subscribe":{}}')
      },
    },
  })
  servers.push(server)
  const send = (text: string) => {
    for (const stream of streams) stream.enqueue(`: \n\ndata: ${text}\n\n`)
    for (const socket of sockets) socket.send(text)
  }
  return { server, send, heard, drop: () => sockets.pop()?.close() }
}

const nowUs = () => systemClock.now() * 1000

function crowdFor(server: Bun.Server<undefined>, args: readonly string[], wire: string, scheme = 'http'): Crowd {
  const wanted = readBenchArguments([...args, wire, `${scheme}://127.0.0.1:${server.port}`])
  if (wanted.kind !== 'run') throw new Error(JSON.stringify(wanted))
  return new Crowd(wanted.crowd, systemClock, nowUs)
}

function terminal() {
  const written: string[] = []
  const out: Terminal = {
    env: {},
    color: false,
    isTerminal: false,
    out: text => void written.push(text),
    err: text => void written.push(text),
    onSignal() {},
    exit() {},
  }
  return { out, text: () => written.join('') }
}

describe('fanfare bench-client', () => {
  test.each(['sse', 'ws'])('[BC4] every connection over %s counts what it got, and a batch counts as what is in it', async wire => {
    const { server, send } = broadcaster()
    const crowd = crowdFor(server, ['-n', '50', '-c', 'bench:all'], wire)
    expect(await crowd.open()).toMatchObject({ wanted: 50, open: 50, refused: 0 })
    crowd.begin()
    send(`{"pub":{"data":{"n":1,"ts":${nowUs() - 5000}}}}`)
    send('{"batch":[{"pub":{"data":{"n":2}}},{"pub":{"data":{"n":3}}}]}')
    expect(await crowd.wait(3, 5000)).toBe(0)
    const report = crowd.end()
    expect(report).toMatchObject({ messages: 150, fewest: 3, most: 3, gaps: 0, repeats: 0, closed: 0 })
    expect(report.latencyMs.count).toBe(50)
    expect(report.latencyMs.p50).toBeGreaterThanOrEqual(4.9)
    crowd.close()
  })

  test('[BC5] a number left out is a gap, one that was passed is a repeat', async () => {
    const { server, send } = broadcaster()
    const crowd = crowdFor(server, ['-n', '2'], 'sse')
    await crowd.open()
    crowd.begin()
    for (const n of [1, 4, 4, 2, 5]) send(`{"n":${n}}`)
    expect(await crowd.wait(5, 5000)).toBe(0)
    expect(crowd.end()).toMatchObject({ messages: 10, gaps: 4, repeats: 4 })
    crowd.close()
  })

  test('[BC6] who comes short, is refused or is dropped is told', async () => {
    const { server, send, drop } = broadcaster(10)
    const crowd = crowdFor(server, ['-n', '12', '-f', '4', '-c', 'bench:all'], 'ws', 'ws')
    expect(await crowd.open()).toMatchObject({ wanted: 12, open: 10, refused: 2 })
    crowd.begin()
    drop()
    send('{"pub":{"n":1}}')
    expect(await crowd.wait(1, 200)).toBe(3)
    expect(crowd.end()).toMatchObject({ messages: 9, fewest: 0, most: 1, closed: 3 })
    crowd.close()
  })

  test('[BC7] a ping of the server is answered and not counted', async () => {
    const { server, send, heard } = broadcaster()
    const crowd = crowdFor(server, ['-n', '1', '-c', 'bench:all'], 'ws')
    await crowd.open()
    crowd.begin()
    send('{}')
    send('{"pub":{}}')
    expect(await crowd.wait(1, 5000)).toBe(0)
    expect(crowd.end().messages).toBe(1)
    expect(heard).toContain('{}')
    crowd.close()
  })

  test('[BC8] the command prints a summary or JSON, and its exit code says whether all went well', async () => {
    const { server } = broadcaster()
    const { out, text } = terminal()
    expect(await runBenchClient(['-n', '3', '-s', '0.1', 'sse', `http://127.0.0.1:${server.port}/`], out)).toBe(0)
    expect(text()).toContain('3 of 3 connections open')
    const json = terminal()
    expect(await runBenchClient(['-n', '3', '-s', '0.1', '--json', 'ws', `ws://127.0.0.1:${server.port}/`], json.out)).toBe(0)
    expect(JSON.parse(json.text())).toMatchObject({ opening: { open: 3 }, messages: 0 })
    expect(await runBenchClient(['-n', '1', '-s', '0.1', 'sse', 'http://127.0.0.1:1/'], terminal().out)).toBe(1)
  })

  test.each([
    [['sse'], 'expected sse or ws, and a URL'],
    [['tcp', 'http://localhost'], 'expected sse or ws'],
    [['sse', 'ftp://localhost'], 'expected a URL with http'],
    [['-n', 'many', 'sse', 'http://localhost'], '--connections: expected a number, got many'],
    [['-a', 'ping', 'ws', 'http://localhost'], '--answer: expected A=B'],
    [['--colour', 'ws', 'http://localhost'], '--colour'],
  ])('[BC9] %j is refused with the reason', async (args, reason) => {
    const { out, text } = terminal()
    expect(await runBenchClient(args, out)).toBe(2)
    expect(text()).toContain(reason)
  })

  test('[BC10] a channel and a token become the path of a stream or the commands of a WebSocket', () => {
    const options = (args: string[]): Partial<CrowdOptions> => {
      const wanted = readBenchArguments(args)
      return wanted.kind === 'run' ? wanted.crowd : {}
    }
    expect(options(['-c', 'a:{i}', '-c', 'b', '-t', 'secret', 'sse', 'https://example.org/'])).toMatchObject({
      tls: true,
      port: 443,
      path: '/sse?channel=a%3A{i}&channel=b&token=secret',
    })
    expect(options(['-c', 'a', '-t', 'secret', 'ws', 'ws://localhost:7400'])).toMatchObject({
      tls: false,
      port: 7400,
      path: '/connection/websocket',
      greetings: ['{"id":1,"connect":{"token":"secret"}}', '{"id":2,"subscribe":{"channel":"a"}}'],
      openText: '"id":2',
    })
  })
})
