import type { TokenOptions } from './application/in-process.ts'
import type { ServerCalls } from './server-calls.ts'
import type { Service } from './services/index.ts'

/** A running server as the program that created it sees it. */
export interface Server extends ServerCalls {
  /** The address that it listens on, e.g. `http://127.0.0.1:7400`. */
  readonly url: string
  /** Signs a token that this server accepts. @throws Error where the server has no secret to sign with, RangeError where `ttl` is no duration */
  token(user: string, options?: TokenOptions): Promise<string>
  /** Lets clients in, where `createServer` was told not to. Resolves when they can come; does nothing where it listens already. */
  listen(): Promise<void>
  /** Starts a service on a running server. Those that are given to `createServer` start before the first client is let in. */
  mount(service: Service): Promise<void>
  /** Stops taking clients and sends those that are here away, spread over the drain window; resolves when all have gone. */
  drain(): Promise<void>
  /** Ends at once. Idempotent. */
  close(): Promise<void>
}
