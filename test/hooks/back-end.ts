import type { Server as TcpServer } from 'node:net'
import { type ConfigInput, verifySignature } from '../../src/index.ts'
import { atEnd, testServer, until } from '../kit/api.ts'

export const hookSecret = 'a-secret-for-hooks-of-32-bytes-and-more'

export interface Asked {
  /** The path without its slash: the name of the hook. */
  readonly hook: string
  readonly body: Readonly<Record<string, unknown>>
  readonly text: string
  readonly headers: Headers
  readonly signed: boolean
}

type Answerer = (asked: Asked) => unknown | Promise<unknown>

/** A back end that notes what it is asked and told, and answers as the test says; what it was not told how to answer it grants. */
export class BackEnd {
  readonly asked: Asked[] = []
  readonly #answers = new Map<string, Answerer>()
  readonly #server

  constructor() {
    this.#server = Bun.serve({ port: 0, hostname: '127.0.0.1', idleTimeout: 0, fetch: request => this.#answer(request) })
    atEnd(() => this.#server.stop(true))
  }

  get host(): string {
    return `127.0.0.1:${this.#server.port}`
  }

  /** The configuration that sends hooks here. */
  hooks(names: readonly string[], more: object = {}) {
    const targets = Object.fromEntries(names.map(name => [name, { url: `http://${this.host}/${name}`, ...more }]))
    return { secret: hookSecret, allowed_hosts: [this.host], ...targets }
  }

  /** An object is sent as JSON, a text as it is, a `Response` as a whole. */
  on(hook: string, answer: Answerer): this {
    this.#answers.set(hook, answer)
    return this
  }

  of(hook: string): Asked[] {
    return this.asked.filter(asked => asked.hook === hook)
  }

  async gets(hook: string, count = 1): Promise<Asked[]> {
    await until(`${hook} was called ${count} times (${this.of(hook).length})`, () => this.of(hook).length >= count)
    return this.of(hook)
  }

  stop(): Promise<void> {
    return this.#server.stop(true)
  }

  async #answer(request: Request): Promise<Response> {
    const text = await request.text()
    const asked: Asked = {
      hook: new URL(request.url).pathname.slice(1),
      body: JSON.parse(text),
      text,
      headers: request.headers,
      signed: verifySignature({ header: request.headers.get('x-fanfare-signature'), body: text, secret: hookSecret }),
    }
    this.asked.push(asked)
    const answer = await (this.#answers.get(asked.hook) ?? (() => ({ result: {} })))(asked)
    if (answer instanceof Response) return answer
    return new Response(typeof answer === 'string' ? answer : JSON.stringify(answer))
  }
}

/** Fails as many times as said, then goes on as it should. */
export function failing(times: number, how: () => unknown, then: Answerer = () => ({ result: {} })): Answerer {
  let left = times
  return asked => (left-- > 0 ? how() : then(asked))
}

export const status = (code: number, headers: Record<string, string> = {}) => new Response('', { status: code, headers })

/** Channels `asked:…` are decided by the back end as far as it is asked, `open:…` by nobody. */
export function serveWith(hooks: NonNullable<ConfigInput['hooks']>) {
  const history = { history_size: 10, history_ttl: '1m' }
  const asked = {
    subscribe_hook: hooks.subscribe !== undefined,
    publish_hook: hooks.publish !== undefined,
    allow_subscribe_for_client: true,
  }
  const namespaces = [
    { name: 'asked', presence: true, ...history, ...asked },
    { name: 'open', allow_subscribe_for_client: true },
  ]
  return testServer({ hooks, channel: { namespaces } })
}

/** Listens on a free port for as long as the test lasts. */
export async function portOf(server: TcpServer): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  atEnd(() => server.close())
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
