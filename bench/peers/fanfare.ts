import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Audience, Peer, Service, Wire } from '../peer.ts'
import type { ServerProcess, Stage } from '../stage.ts'
import { post } from './post.ts'

const program = join(import.meta.dir, '..', '..', 'src', 'cli', 'main.ts')
const apiKey = 'a-key-of-the-benchmark-alone'
const common = 'bench:all'

/** Two namespaces: `bench` keeps ten publications so that every stream can be resumed, `plain` keeps none. */
const configuration = {
  // All clients are strangers here, for whom the rest of the room is kept otherwise.
  client: { insecure: true, known_user_reserve: 0 },
  http_api: { key: apiKey },
  channel: {
    namespaces: [
      { name: 'bench', delivery: 'stream', history_size: 10, history_ttl: '10m', allow_subscribe_for_client: true },
      { name: 'plain', delivery: 'stream', allow_subscribe_for_client: true },
    ],
  },
}

export const fanfare = {
  name: 'Fanfare',
  missing: () => undefined,
  start: startFanfare,
} satisfies Peer

/** `client` stands beside what is configured for every benchmark. */
export async function startFanfare(stage: Stage, client: Readonly<Record<string, unknown>> = {}): Promise<FanfareService> {
  const port = stage.nextPort()
  const folder = await stage.folder(`fanfare-${port}`)
  await rm(folder, { recursive: true, force: true })
  const config = join(folder, 'config.json')
  await Bun.write(config, JSON.stringify({ ...configuration, client: { ...configuration.client, ...client } }))
  const flags = ['--port', String(port), '--config', config, '--data', join(folder, 'data'), '--demo', 'off']
  return new FanfareService(await stage.startServer('fanfare', { command: [process.execPath, program, 'start', ...flags], port }))
}

export class FanfareService implements Service {
  readonly process: ServerProcess

  constructor(process: ServerProcess) {
    this.process = process
  }

  /** Clients of one channel; a name with `{i}` gives each client a channel of its own. */
  audience(wire: Wire, channel = common): Audience {
    if (wire === 'sse') return { wire, path: `/sse?channel=${channel}`, openText: '"connect":', match: '"pub":' }
    return {
      wire,
      path: '/connection/websocket',
      greetings: ['{"id":1,"connect":{}}', `{"id":2,"subscribe":{"channel":"${channel}"}}`],
      openText: '"id":2',
      match: '"pub":',
      answers: ['{}={}'],
    }
  }

  async publish(messages: readonly string[], channel = common): Promise<number> {
    const commands = messages.map(message => `{"channel":${JSON.stringify(channel)},"data":${message}}`)
    const [only] = commands
    if (commands.length === 1 && only !== undefined) return accepted([JSON.parse(await this.#call('publish', only))])
    return await this.batch(commands)
  }

  /** Publish commands, each as JSON, in one call. */
  async batch(commands: readonly string[]): Promise<number> {
    const answer: { replies: readonly Reply[] } = JSON.parse(
      await this.#call('batch', `{"commands":[${commands.map(command => `{"publish":${command}}`).join(',')}]}`),
    )
    return accepted(answer.replies.map(reply => reply.publish ?? reply))
  }

  /** The sum of a metric over its labels. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`${this.process.url}/metrics`, { headers: { 'X-API-Key': apiKey } })).text()
    let sum = 0
    for (const line of text.split('\n'))
      if (line.startsWith(`${name} `) || line.startsWith(`${name}{`)) sum += Number(line.slice(line.lastIndexOf(' ') + 1))
    return sum
  }

  #call(method: string, body: string): Promise<string> {
    return post(`${this.process.url}/api/${method}`, body, { 'X-API-Key': apiKey, 'Content-Type': 'application/json' })
  }
}

/** As the server API answers: `result` for what was done, `error` for what was not; in a batch the result stands under the command's name. */
interface Reply {
  readonly publish?: Reply
  readonly result?: unknown
  readonly error?: unknown
}

function accepted(replies: readonly Reply[]): number {
  return replies.filter(reply => reply.error === undefined || reply.error === null).length
}
