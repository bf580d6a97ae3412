import { Centrifuge as JsonCentrifuge, type Options, type PublicationContext, UnauthorizedError } from 'centrifuge'
import { Centrifuge as ProtobufCentrifuge } from 'centrifuge/build/protobuf'
import { deadlineMs } from '../../kit/until.ts'

/** Lets a test drive centrifuge-js in a process of its own, where a handler that throws ends nothing else: a command a line in, an event a line out. */
interface Order {
  readonly id: number
  readonly do: string
  readonly client: string
  readonly url: string
  readonly form: 'json' | 'protobuf'
  readonly token?: string
  readonly tokens?: string[]
  readonly channel: string
  readonly recoverable?: boolean
  readonly positioned?: boolean
  readonly joinLeave?: boolean
  readonly delta?: boolean
  readonly data?: unknown
  readonly method: string
  readonly limit?: number
  readonly since?: { readonly offset: number; readonly epoch: string }
  readonly reverse?: boolean
  readonly on: string
  readonly act: string
  readonly after?: number
}

type Client = JsonCentrifuge | ProtobufCentrifuge
type Info = NonNullable<PublicationContext['info']>

class Thrown extends Error {}

const tell = (line: object) => void process.stdout.write(`${JSON.stringify(line)}\n`)

/** One client of the SDK. */
class Peer {
  readonly name: string
  readonly isBinary: boolean
  readonly client: Client
  readonly subs = new Map<string, { subscribe(): void; unsubscribe(): void }>()
  readonly armed = new Map<string, { readonly act: string; after: number }>()

  constructor({ client, url, form, token, tokens, data }: Order) {
    this.name = client
    this.isBinary = form === 'protobuf'
    const options: Partial<Options> = {
      ...(token === undefined ? {} : { token }),
      ...(tokens === undefined ? {} : { getToken: this.nextOf(undefined, tokens) }),
      ...(data === undefined ? {} : { data: this.encode(data) }),
      timeout: deadlineMs,
      maxServerPingDelay: 20_000,
      minReconnectDelay: 10,
      maxReconnectDelay: 100,
      websocket: globalThis.WebSocket,
    }
    this.client = this.isBinary ? new ProtobufCentrifuge(url, options) : new JsonCentrifuge(url, options)
    this.#listen()
  }

  encode(data: unknown): unknown {
    return this.isBinary ? new TextEncoder().encode(JSON.stringify(data)) : data
  }

  decode(data: unknown): unknown {
    if (!(data instanceof Uint8Array)) return data ?? null
    return data.length === 0 ? null : JSON.parse(new TextDecoder().decode(data))
  }

  nextOf(channel: string | undefined, tokens: string[]): () => Promise<string> {
    return async () => {
      this.tell('asked', channel)
      const token = tokens.shift()
      if (token === undefined) throw new UnauthorizedError('no more tokens')
      return token
    }
  }

  tell(on: string, channel?: string, more: object = {}): void {
    tell({ client: this.name, on, ...(channel === undefined ? {} : { channel }), ...more })
  }

  publication({ data, offset, tags, info }: PublicationContext): object {
    const known = info === undefined || info.client === '' ? {} : { info: this.info(info) }
    const tagged = tags === undefined || Object.keys(tags).length === 0 ? {} : { tags }
    return { data: this.decode(data), offset: offset ?? 0, ...tagged, ...known }
  }

  info({ client, user, connInfo, chanInfo }: Info): object {
    return { client, user, connInfo: this.decode(connInfo), chanInfo: this.decode(chanInfo) }
  }

  /** Does what the test wants to happen inside of this handler, once. */
  spring(on: string, channel: string): void {
    const key = `${on} ${channel}`
    const trap = this.armed.get(key)
    if (trap === undefined || trap.after-- > 0) return
    this.armed.delete(key)
    this.tell('acted', channel, { act: trap.act })
    if (trap.act === 'unsubscribe') this.subs.get(channel)?.unsubscribe()
    else if (trap.act === 'disconnect') this.client.disconnect()
    else throw new Thrown()
  }

  subscribe({ channel, token, tokens, data, recoverable, positioned, joinLeave, delta }: Order): void {
    const sub = this.client.newSubscription(channel, {
      ...(token === undefined ? {} : { token }),
      ...(tokens === undefined ? {} : { getToken: this.nextOf(channel, tokens) }),
      ...(data === undefined ? {} : { data: this.encode(data) }),
      ...(delta === true ? { delta: 'fossil' } : {}),
      recoverable: recoverable === true,
      positioned: positioned === true,
      joinLeave: joinLeave === true,
      minResubscribeDelay: 10,
      maxResubscribeDelay: 100,
    })
    this.subs.set(channel, sub)
    sub.on('subscribing', ({ code }) => this.tell('subscribing', channel, { code }))
    sub.on('subscribed', ({ recovered, wasRecovering, recoverable: isRecoverable, streamPosition, data: given }) => {
      this.tell('subscribed', channel, {
        recovered,
        wasRecovering,
        recoverable: isRecoverable,
        ...streamPosition,
        data: this.decode(given),
      })
      this.spring('subscribed', channel)
    })
    sub.on('unsubscribed', ({ code }) => this.tell('unsubscribed', channel, { code }))
    sub.on('error', ({ error }) => this.tell('error', channel, error))
    sub.on('publication', context => {
      this.tell('publication', channel, this.publication(context))
      this.spring('publication', channel)
    })
    sub.on('join', ({ info }) => this.tell('join', channel, { info: this.info(info) }))
    sub.on('leave', ({ info }) => this.tell('leave', channel, { info: this.info(info) }))
    sub.subscribe()
  }

  async do(order: Order): Promise<unknown> {
    const { channel } = order
    switch (order.do) {
      case 'connect':
        return void this.client.connect()
      case 'disconnect':
      case 'close':
        return void this.client.disconnect()
      case 'subscribe':
        return this.subscribe(order)
      case 'resubscribe':
        return void this.subs.get(channel)?.subscribe()
      case 'unsubscribe':
        return void this.subs.get(channel)?.unsubscribe()
      case 'arm':
        return void this.armed.set(`${order.on} ${channel}`, { act: order.act, after: order.after ?? 0 })
      default:
        return await this.#ask(order)
    }
  }

  async #ask({ do: wish, channel, data, method, limit = 0, since, reverse = false }: Order): Promise<unknown> {
    switch (wish) {
      case 'publish':
        return void (await this.client.publish(channel, this.encode(data)))
      case 'presence': {
        const { clients } = await this.client.presence(channel)
        return Object.fromEntries(Object.entries(clients).map(([id, info]) => [id, this.info(info)]))
      }
      case 'presenceStats': {
        const { numClients, numUsers } = await this.client.presenceStats(channel)
        return { clients: numClients, users: numUsers }
      }
      case 'history': {
        const { publications, offset, epoch } = await this.client.history(channel, { limit, reverse, ...(since && { since }) })
        return { publications: publications.map(publication => this.publication(publication)), offset, epoch }
      }
      case 'rpc':
        return this.decode((await this.client.rpc(method, this.encode(data))).data)
      default:
        throw new Error(`no such command: ${wish}`)
    }
  }

  #listen(): void {
    const { client } = this
    client.on('connecting', ({ code }) => this.tell('connecting', undefined, { code }))
    client.on('connected', ({ client: id, data }) => this.tell('connected', undefined, { id, data: this.decode(data) }))
    client.on('disconnected', ({ code }) => this.tell('disconnected', undefined, { code }))
    client.on('error', ({ error }) => this.tell('error', undefined, error))
    client.on('message', ({ data }) => this.tell('message', undefined, { data: this.decode(data) }))
    client.on('subscribing', ({ channel }) => this.tell('subscribing', channel, { server: true }))
    client.on('subscribed', ({ channel, recovered, wasRecovering, recoverable, streamPosition, data }) => {
      this.tell('subscribed', channel, { server: true, recovered, wasRecovering, recoverable, ...streamPosition, data: this.decode(data) })
      this.spring('subscribed', channel)
    })
    client.on('unsubscribed', ({ channel }) => this.tell('unsubscribed', channel, { server: true }))
    client.on('publication', context => {
      this.tell('publication', context.channel, { server: true, ...this.publication(context) })
      this.spring('publication', context.channel)
    })
    client.on('join', ({ channel, info }) => this.tell('join', channel, { server: true, info: this.info(info) }))
    client.on('leave', ({ channel, info }) => this.tell('leave', channel, { server: true, info: this.info(info) }))
  }
}

const isWanted = (error: unknown) => error instanceof Thrown
for (const event of ['uncaughtException', 'unhandledRejection']) {
  process.on(event, error => {
    if (isWanted(error)) return
    console.error(error)
    process.exit(1)
  })
}

const peers = new Map<string, Peer>()

async function obey(order: Order): Promise<unknown> {
  if (order.do === 'open') return void peers.set(order.client, new Peer(order))
  const peer = peers.get(order.client)
  if (peer === undefined) throw new Error(`no client ${order.client}`)
  return await peer.do(order)
}

function hear(line: string): void {
  const order: Order = JSON.parse(line)
  obey(order).then(
    value => tell({ id: order.id, value: value ?? null }),
    error => tell({ id: order.id, error: { code: error?.code ?? 0, message: String(error?.message ?? error) } }),
  )
}

const decoder = new TextDecoder()
let text = ''
for await (const chunk of Bun.stdin.stream()) {
  const lines = (text + decoder.decode(chunk, { stream: true })).split('\n')
  text = lines.pop() ?? ''
  for (const line of lines) hear(line)
}
process.exit(0)
