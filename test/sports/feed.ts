import type { Overrides } from '../../src/server/index.ts'
import { sportsWith } from '../../src/services/sports/index.ts'
import type { FedGame } from '../../src/services/sports/model/index.ts'
import { apiKey, startServer, type TestServer } from '../kit/index.ts'
import { nodeSecret } from '../kit/servers/tree.ts'

/** What `POST /sports/games/<id>/events` answers. */
export interface Receipt {
  readonly accepted: number
  readonly changed: number
  readonly offset: number
  readonly board: { readonly version: number; readonly score: { readonly home: number; readonly away: number }; readonly status: string }
}

/** A server with the sports service and nothing else on it. */
export async function startSports(data?: string, overrides: Overrides = {}): Promise<TestServer> {
  const started = await startServer({ node: { secret: nodeSecret }, ...(data === undefined ? {} : { data }) }, overrides)
  await started.server.mount(sportsWith())
  return started
}

/** A node below another, as in the tree. */
export function startBelow(above: TestServer, overrides: Overrides = {}): Promise<TestServer> {
  return startServer({ node: { secret: nodeSecret }, upstream: [above.url.replace('http', 'ws')] }, overrides)
}

/** A back end that tells of one game over HTTP. */
export class Feed {
  constructor(
    readonly url: string,
    readonly game: string,
    readonly source?: string,
    readonly key = apiKey,
  ) {}

  put(game: FedGame | object): Promise<Response> {
    return fetch(`${this.url}/sports/games/${this.game}`, {
      method: 'PUT',
      headers: { 'X-API-Key': this.key, 'Content-Type': 'application/json' },
      body: JSON.stringify(game),
    })
  }

  request(body: unknown, headers: Record<string, string> = { 'X-API-Key': this.key }): Promise<Response> {
    return fetch(`${this.url}/sports/games/${this.game}/events`, { method: 'POST', headers, body: JSON.stringify(body) })
  }

  /** Posts a batch that must be taken. */
  async post(...events: readonly object[]): Promise<Receipt> {
    const response = await this.request({ ...(this.source === undefined ? {} : { source: this.source }), events })
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`)
    return response.json()
  }

  /** What is said to a batch that must be refused: its status and its error. */
  async refused(body: unknown): Promise<string> {
    const response = await this.request(body)
    const { error } = (await response.json()) as { error?: { message: string } }
    return `${response.status} ${error?.message}`
  }

  async get<T>(what: string): Promise<T> {
    const response = await fetch(`${this.url}/sports/games/${this.game}/${what}`)
    return response.json()
  }
}

export const goal = (id: string, fields: object = {}) => ({
  id,
  kind: 'goal',
  period: 'first_half',
  clock: { min: 10 },
  team: 'home',
  players: [{ name: 'Nine' }],
  ...fields,
})
