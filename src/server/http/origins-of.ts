import { Origins } from '../../transport/index.ts'
import type { Config } from '../config/index.ts'

/** Everyone who reaches a server in development mode, or an insecure one, may use it. Only the former is for pages under development. */
export function originsOf({ development, client, httpApi }: Pick<Config, 'development' | 'client' | 'httpApi'>): Origins {
  return new Origins(client.allowedOrigins, development || client.insecure || httpApi.insecure, development && !httpApi.insecure)
}

/** Why a request that was misled here is refused. */
export const misledReasons = {
  host: 'the name in Host is none of this machine or of client.allowed_origins',
  proxy: 'the request came through a proxy, and this server is open to whoever reaches it: give it a token secret',
} as const
