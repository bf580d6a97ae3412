import type { Config } from '../server/config/index.ts'
import { type NavigationEntry, secretsPath } from '../server/index.ts'
import { columns } from './columns.ts'
import { ownName } from './own-name.ts'

const bold = '\x1b[1m'
const yellow = '\x1b[33m'
const dim = '\x1b[2m'
const reset = '\x1b[0m'

/** What one wants to know of a server that has just begun: where its pages and end points are, and how to get in. */
export function banner(config: Config, url: string, version: string, color: boolean, places: readonly NavigationEntry[]): string {
  const paint = (code: string, text: string) => (color ? code + text + reset : text)
  const rows = columns([
    ['  Home', url],
    ...places.map(({ title, path }) => [`  ${title}`, url + path]),
    ['  Operations', `${url}/ops`],
    ['  WebSocket', `${url.replace(/^http/, 'ws')}/connection/websocket`],
    ['  SSE', `${url}/sse?channel=…`],
    ['  Token', `${ownName(process.cwd())} token --user alice --ttl 1h${dataFlag(config)}`],
    ['  API key', apiKeyPlace(config)],
  ])
  const warning = [
    `  ${paint(yellow, 'Development mode')}: no secret was given, so some were made up, guests may log in,`,
    '  and only this machine can connect. Give FANFARE_CLIENT_TOKEN_HMAC_SECRET_KEY to leave it.',
    '  Put no proxy in front: one that adds no header of its own (a bare proxy_pass) cannot be told from you,',
    '  and lets everybody in.',
  ]
  return [
    '',
    `  ${paint(bold, 'Fanfare')} ${paint(dim, version)}`,
    '',
    ...rows,
    ...(config.development ? ['', ...warning] : []),
    '',
    '',
  ].join('\n')
}

function dataFlag({ development, data }: Config): string {
  return development && data !== './data' ? ` --data ${data}` : ''
}

function apiKeyPlace({ httpApi, data, development }: Config): string {
  if (httpApi.insecure) return 'none is asked for'
  if (httpApi.key !== undefined) return 'as given in http_api.key'
  return development ? `http_api_key in ${secretsPath(data)}` : 'none was given (http_api.key), so the server API refuses every call'
}
