import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLog } from './hub/index.ts'
import { randomId, SteppedClock, systemRandom } from './kit/index.ts'
import { type ConfigInput, createServer, type Server, type Service, type TokenOptions } from './server/index.ts'

export type { SteppedClock } from './kit/index.ts'
export type { Server, TokenOptions } from './server/index.ts'

/** A real server for tests of one's own code: on a free port, with secrets and a data folder of its own, and time that stands still. */
export interface TestServer extends AsyncDisposable {
  readonly server: Server
  readonly url: string
  readonly websocketUrl: string
  /** For the server API. */
  readonly apiKey: string
  /** The server's time, which passes when the test says so: `clock.advance(60_000)`. */
  readonly clock: SteppedClock
  /** A connection token of a user, or a subscription token where `channel` says so. */
  tokenFor(user: string, options?: TokenOptions): Promise<string>
  /** Ends the server, and removes its data folder. */
  close(): Promise<void>
}

/** @param config as `createServer` takes it; what it leaves out is made for the test @throws ConfigError */
export function createTestServer<const S extends readonly Service[] = readonly []>(
  config?: ConfigInput<S[number]>,
  overrides?: { readonly services?: S },
): Promise<TestServer>
export async function createTestServer(
  config: ConfigInput = {},
  { services = [] }: { readonly services?: readonly Service[] } = {},
): Promise<TestServer> {
  const data = mkdtempSync(join(tmpdir(), 'fanfare-testing-'))
  const clock = new SteppedClock()
  const apiKey = config.http_api?.key ?? randomId(systemRandom, 32)
  const removeData = () => rmSync(data, { recursive: true, force: true })
  const whole = {
    port: 0,
    data,
    shutdown: { timeout: '1s' },
    ...config,
    http_api: { ...config.http_api, key: apiKey },
    client: { token: { hmac_secret_key: randomId(systemRandom, 32) }, ...config.client },
  }
  const server = await createServer(whole, { clock, services, log: silentLog }).catch((error: unknown) => {
    removeData()
    throw error
  })
  const close = async () => {
    await server.close()
    removeData()
  }
  return {
    server,
    url: server.url,
    websocketUrl: `${server.url.replace('http', 'ws')}/connection/websocket`,
    apiKey,
    clock,
    tokenFor: (user, options) => server.token(user, options),
    close,
    [Symbol.asyncDispose]: close,
  }
}
