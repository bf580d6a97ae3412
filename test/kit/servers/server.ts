import { type ConfigInput, createServer, type FanfareServer, type Overrides } from '../../../src/server/index.ts'
import type { chat } from '../../../src/services/chat/index.ts'
import { atEnd } from '../endings.ts'
import { TurnClock } from '../fakes/turn-clock.ts'
import { Folder } from '../folder.ts'
import { apiKey, tokenSecret } from '../tokens.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {} }

/** With the options of chat, for servers that have it. */
export type TestInput = ConfigInput<typeof chat>

/** What every test server has, unless the test says otherwise: a free port, a token secret and an API key. */
export function testConfig(input: TestInput, data: string): TestInput {
  return {
    port: 0,
    data,
    shutdown: { timeout: '1s' },
    ...input,
    http_api: { key: apiKey, ...input.http_api },
    client: { token: { hmac_secret_key: tokenSecret }, ...input.client },
  }
}

/** A server in this process, with a data folder of its own unless one is given. */
export class TestServer implements AsyncDisposable {
  constructor(
    readonly server: FanfareServer,
    readonly folder: Folder | undefined,
  ) {}

  get url(): string {
    return this.server.url
  }

  get wsUrl(): string {
    return `${this.url.replace('http', 'ws')}/connection/websocket`
  }

  get node() {
    return this.server.node
  }

  publish(channel: string, data: Parameters<FanfareServer['publish']>[1], options: Parameters<FanfareServer['publish']>[2] = {}) {
    return this.server.publish(channel, data, options)
  }

  /** Waits on the server's clock. */
  passes(ms: number): Promise<void> {
    return new Promise(resolve => this.server.clock.after(ms, resolve))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close()
    this.folder?.[Symbol.dispose]()
  }
}

/** It has a clock that no busy machine makes late, unless the test brings another. */
export async function startServer(input: TestInput = {}, overrides: Overrides = {}): Promise<TestServer> {
  const folder = input.data === undefined ? new Folder() : undefined
  const server = await createServer(testConfig(input, input.data ?? folder?.path ?? ''), {
    clock: new TurnClock(),
    log: silent,
    ...overrides,
  })
  return new TestServer(server, folder)
}

/** The same, gone after the test. */
export async function testServer(input: TestInput = {}, overrides: Overrides = {}): Promise<TestServer> {
  const server = await startServer(input, overrides)
  atEnd(() => server[Symbol.asyncDispose]())
  return server
}
