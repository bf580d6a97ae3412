import type { Centrifuge, Options } from 'centrifuge'
import type { Json } from '../../src/index.ts'
import { apiKey, atEnd, Sdk, userToken } from './index.ts'

export { apiKey, atEnd, Folder, quiet, RawClient, testServer, tokenSecret, until, userToken } from './index.ts'

interface Reachable {
  readonly url: string
}

/** A client on the published SDK that is gone after the test. It connects when it is told to. */
export function sdk({ url }: Reachable, options: Partial<Options> = {}): Centrifuge {
  const { client } = new Sdk(`${url.replace('http', 'ws')}/connection/websocket`, options)
  atEnd(() => client.disconnect())
  return client
}

export async function connect(server: Reachable, options: Partial<Options> = {}): Promise<Centrifuge> {
  const client = sdk(server, options)
  client.connect()
  await client.ready()
  return client
}

export const connectAs = async (server: Reachable, user: string) => connect(server, { token: await userToken(user) })

/** Subscribes and waits for it; `got` gathers the data of what comes. */
export async function subscribeTo(client: Centrifuge, channel: string) {
  const subscription = client.newSubscription(channel)
  const got: unknown[] = []
  subscription.on('publication', ({ data }) => got.push(data))
  subscription.subscribe()
  await subscription.ready()
  return { subscription, got }
}

interface Answer {
  readonly status: number
  readonly body: Json
}

export async function post({ url }: Reachable, path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const response = await fetch(`${url}${path}`, { method: 'POST', body: text, headers })
  return { status: response.status, body: (await response.json()) as Json }
}

/** Calls the server API with its key. */
export function api(server: Reachable, command: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  return post(server, `/api/${command}`, body, { 'X-API-Key': apiKey, ...headers })
}

/** What a call of the SDK failed with. */
export async function failureOf(failing: Promise<unknown>): Promise<{ code: number; message: string; temporary?: boolean }> {
  try {
    await failing
  } catch (error) {
    const { code, message, temporary } = Object(error)
    return { code, message, ...(temporary === undefined ? {} : { temporary }) }
  }
  throw new Error('it did not fail')
}
