import type { ChatCommands, InboxEntry, InboxState } from '../../src/services/chat/model/wire.ts'
import { Sdk, until, userToken } from '../kit/index.ts'

/** What came at a place of the inbox. */
export interface Received {
  readonly offset: number
  readonly entry: InboxEntry
}

/** A user's device on the published SDK, without the client layer: it notes all that comes, and acknowledges when told to. */
export class Device implements Disposable {
  readonly received: Received[] = []
  /** What passed in conversations that it has open. */
  readonly heard: unknown[] = []
  inboxState: InboxState | undefined
  /** Whether the newest reply said that it held everything. */
  recovered: boolean | undefined
  #acked = 0

  private constructor(
    readonly sdk: Sdk,
    readonly user: string,
    readonly device: string,
  ) {}

  static async connect({ url }: { readonly url: string }, user: string, device = 'phone'): Promise<Device> {
    const token = await userToken(user)
    const sdk = new Sdk(`${url.replace('http', 'ws')}/connection/websocket`, { token, data: { device } })
    const connected = new Device(sdk, user, device)
    sdk.client.on('publication', ({ data, offset }) => connected.received.push({ offset: offset ?? 0, entry: data }))
    sdk.client.on('subscribed', ({ data, recovered }) => {
      connected.inboxState = data
      connected.recovered = recovered
    })
    await sdk.connect()
    await until(`${user}'s inbox is there`, () => connected.inboxState !== undefined)
    return connected
  }

  async call<K extends keyof ChatCommands>(method: K, data: ChatCommands[K]['in']): Promise<ChatCommands[K]['out']> {
    return (await this.sdk.client.rpc(method, data)).data
  }

  /** Acknowledges all that came without a gap. */
  async acknowledge(offset = this.contiguous): Promise<ChatCommands['chat.ack']['out']> {
    this.#acked = offset
    return this.call('chat.ack', { offset })
  }

  /** Listens to what passes in a conversation. */
  async open(conversation: string): Promise<void> {
    const subscription = this.sdk.client.newSubscription(`chat:${conversation}`)
    subscription.on('publication', ({ data }) => this.heard.push(data))
    subscription.subscribe()
    await subscription.ready()
  }

  get contiguous(): number {
    const offsets = new Set(this.received.map(({ offset }) => offset))
    let top = Math.max(this.inboxState?.acked ?? 0, this.#acked)
    while (offsets.has(top + 1)) top++
    return top
  }

  of<K extends InboxEntry['kind']>(kind: K): Extract<InboxEntry, { kind: K }>[] {
    return this.received.flatMap(({ entry }) => (isOf(entry, kind) ? [entry] : []))
  }

  get texts(): (string | undefined)[] {
    return this.of('message').map(({ text }) => text)
  }

  async gets(what: string, condition: () => boolean): Promise<void> {
    await until(`${this.user} gets ${what}: ${JSON.stringify(this.received.slice(-3))}`, condition)
  }

  [Symbol.dispose](): void {
    this.sdk[Symbol.dispose]()
  }
}

function isOf<K extends InboxEntry['kind']>(entry: InboxEntry, kind: K): entry is Extract<InboxEntry, { kind: K }> {
  return entry.kind === kind
}
