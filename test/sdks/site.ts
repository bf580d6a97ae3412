import { apiKey, FanfareProcess, sign } from '../kit/index.ts'

const open = {
  allow_subscribe_for_client: true,
  allow_publish_for_client: true,
  allow_presence_for_client: true,
  allow_history_for_client: true,
} as const
const kept = { ...open, history_size: 100_000, history_ttl: '1h' } as const
const plenty = { per_second: 1_000_000, burst: 1_000_000 } as const

/** The server as an operator runs it, and its API as a back end calls it. */
export class Site implements AsyncDisposable {
  constructor(readonly fanfare: FanfareProcess) {}

  static async start(): Promise<Site> {
    return new Site(
      await FanfareProcess.start({
        client: {
          token: { hmac_secret_key: 'a-secret-for-tests-of-32-bytes-and-more' },
          address_connection_rate: plenty,
          command_rate: plenty,
          user_command_rate: plenty,
        },
        sse: { heartbeat_interval: '250ms' },
        channel: {
          namespaces: [
            { name: 'kept', ...kept },
            { name: 'room', ...kept, presence: true, join_leave: true },
            { name: 'delta', ...kept, allowed_delta_types: ['fossil'], delta_publish: true },
            { name: 'latest', ...open, delivery: 'latest' },
            { name: 'short', ...open, history_size: 5, history_ttl: '1h' },
            { name: 'closed', history_size: 10, history_ttl: '1h' },
          ],
        },
      }),
    )
  }

  get url(): string {
    return this.fanfare.url
  }

  get wsUrl(): string {
    return this.fanfare.wsUrl
  }

  /** One command of the server API. */
  async api(command: string, body: object): Promise<Readonly<Record<string, unknown>>> {
    const response = await fetch(`${this.url}/api/${command}`, {
      method: 'POST',
      headers: { 'X-API-Key': apiKey },
      body: JSON.stringify(body),
    })
    const answer = (await response.json()) as { result?: Record<string, unknown>; replies?: unknown[]; error?: { message: string } }
    if (answer.error !== undefined) throw new Error(`${command}: ${answer.error.message}`)
    return answer.result ?? {}
  }

  publish(channel: string, data: unknown, more: object = {}): Promise<unknown> {
    return this.api('publish', { channel, data, ...more })
  }

  /** Publishes several, in order, in as few turns of the server as can be. */
  publishAll(channel: string, all: readonly unknown[]): Promise<unknown> {
    return this.api('batch', { commands: all.map(data => ({ publish: { channel, data } })) })
  }

  token(claims: Parameters<typeof sign>[0] = {}): Promise<string> {
    return sign({ sub: 'alice', info: { name: 'Alice' }, ...claims })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.fanfare[Symbol.asyncDispose]()
  }
}
