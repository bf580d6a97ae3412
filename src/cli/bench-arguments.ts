import { parseArgs } from 'node:util'
import type { CrowdOptions } from './crowd-options.ts'
import { clientFrameBytesMax } from './wire-reader.ts'

export const benchUsage = `Usage: fanfare bench-client [options] sse|ws URL

Holds many connections open and accounts for every message on each of them.
With a channel or a token, the path of the URL is /sse or /connection/websocket where it has none.

  -n, --connections N    how many (1000)
  -s, --seconds S        how long to count once all are open (10)
  -c, --channel NAME     channel to subscribe to; may be given again; {i} stands for the number of the connection
  -t, --token TOKEN      connection token
  -r, --rate N           connections opened a second (0: as fast as they are answered)
  -f, --in-flight N      connections in the opening at once (256)
      --json             prints one line of JSON

For servers that speak otherwise:
  -i, --greeting TEXT    text frame sent once a WebSocket is open; may be given again
  -e, --open-text TEXT   a connection is open once a message with this text came
  -m, --match TEXT       what begins a message within an event or a frame; each one counts
  -a, --answer A=B       a message that is exactly A is answered with B; may be given again
  -H, --header LINE      request header; may be given again
      --orders           reads orders from the standard input: begin | wait N MS | end, each answered with a line of JSON

A message with "n":<number> is checked against the one before on its connection, one with "ts":<unix time in microseconds> gives a latency.
`

const flags = {
  connections: { type: 'string', short: 'n', default: '1000' },
  seconds: { type: 'string', short: 's', default: '10' },
  channel: { type: 'string', short: 'c', multiple: true },
  token: { type: 'string', short: 't' },
  rate: { type: 'string', short: 'r', default: '0' },
  'in-flight': { type: 'string', short: 'f', default: '256' },
  greeting: { type: 'string', short: 'i', multiple: true },
  'open-text': { type: 'string', short: 'e' },
  match: { type: 'string', short: 'm' },
  answer: { type: 'string', short: 'a', multiple: true },
  header: { type: 'string', short: 'H', multiple: true },
  json: { type: 'boolean', default: false },
  orders: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

/** What the arguments ask for, or what is wrong with them. */
export type BenchWanted =
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly reason: string }
  | { readonly kind: 'run'; readonly crowd: CrowdOptions; readonly seconds: number; readonly output: 'summary' | 'json' | 'orders' }

type Values = ReturnType<typeof parseFlags>['values']

export function readBenchArguments(args: string[]): BenchWanted {
  try {
    const { values, positionals } = parseFlags(args)
    return values.help ? { kind: 'help' } : interpret(values, positionals)
  } catch (error) {
    return wrong(error instanceof Error ? error.message : String(error))
  }
}

/** Throws a TypeError that names the flag it does not know. */
function parseFlags(args: string[]) {
  return parseArgs({ args, options: flags, allowPositionals: true })
}

function interpret(values: Values, positionals: readonly string[]): BenchWanted {
  const [wire, address, ...rest] = positionals
  if ((wire !== 'sse' && wire !== 'ws') || address === undefined || rest.length > 0) return wrong('expected sse or ws, and a URL')
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url === undefined || !/^(http|ws)s?:$/.test(url.protocol)) return wrong(`expected a URL with http, https, ws or wss, got ${address}`)
  for (const name of ['connections', 'seconds', 'rate', 'in-flight'] as const) {
    const text = values[name]
    if (!/^\d+(\.\d+)?$/.test(text) || (name !== 'rate' && Number(text) < 0.01)) return wrong(`--${name}: expected a number, got ${text}`)
  }
  const answers = (values.answer ?? []).map(answer => answer.split('='))
  if (answers.some(parts => parts.length !== 2)) return wrong('--answer: expected A=B')
  const greetings = [...greetingsFor(wire, values), ...(values.greeting ?? [])]
  if (greetings.join('\n').length > clientFrameBytesMax) return wrong('--greeting: longer than a frame of 64 KB')
  const tls = url.protocol === 'https:' || url.protocol === 'wss:'
  const own = asFanfare(values) ? fanfareJoining(wire, values.channel?.length ?? 0) : undefined
  const crowd: CrowdOptions = {
    wire,
    host: url.hostname,
    port: Number(url.port) || (tls ? 443 : 80),
    tls,
    path: pathFor(wire, url, values),
    connections: Math.ceil(Number(values.connections)),
    inFlight: Math.ceil(Number(values['in-flight'])),
    perSecond: Number(values.rate),
    headers: values.header ?? [],
    greetings,
    openText: values['open-text'] ?? own?.openText,
    match: values.match ?? own?.match,
    answers: new Map([...(own?.answers ?? []), ...answers.map(([ping = '', pong = '']): [string, string] => [ping, pong])]),
  }
  return { kind: 'run', crowd, seconds: Number(values.seconds), output: values.orders ? 'orders' : values.json ? 'json' : 'summary' }
}

function wrong(reason: string): BenchWanted {
  return { kind: 'wrong', reason }
}

/** Whoever names a channel or a token speaks to Fanfare. */
function asFanfare({ channel = [], token }: { channel?: readonly string[] | undefined; token?: string | undefined }): boolean {
  return channel.length > 0 || token !== undefined
}

/** How a connection that was given a channel or a token knows that it is in, and what it counts and answers. */
function fanfareJoining(wire: 'sse' | 'ws', channels: number) {
  const answers: [string, string][] = wire === 'ws' ? [['{}', '{}']] : []
  return { openText: wire === 'ws' ? `"id":${channels + 1}` : '"connect":', match: '"pub":', answers }
}

/** On a WebSocket the connect command has the id 1, and the subscriptions those that follow. */
function greetingsFor(wire: 'sse' | 'ws', { channel = [], token }: Values): string[] {
  if (wire === 'sse' || !asFanfare({ channel, token })) return []
  const connect = JSON.stringify({ id: 1, connect: token === undefined ? {} : { token } })
  return [connect, ...channel.map((name, i) => JSON.stringify({ id: i + 2, subscribe: { channel: name } }))]
}

function pathFor(wire: 'sse' | 'ws', url: URL, { channel = [], token }: Values): string {
  if (url.pathname === '/' && url.search === '' && asFanfare({ channel, token }))
    url.pathname = wire === 'sse' ? '/sse' : '/connection/websocket'
  if (wire === 'sse') for (const name of channel) url.searchParams.append('channel', name)
  if (wire === 'sse' && token !== undefined) url.searchParams.append('token', token)
  return `${url.pathname}${url.search}`.replaceAll('%7Bi%7D', '{i}')
}
