import { Centrifuge } from 'centrifuge'
import { ChatClient } from '../../src/services/chat/client/index.ts'
import { type ChaosClient, type Entrance, socketUrl } from './client.ts'
import { Writer } from './writer.ts'

const pauseMs = 400
const againMs = 300
/** Entries after which a device says what it holds, and the longest that it waits with it. */
const acknowledge = { entries: 16, ms: 1_000 }
const reconnect = { minReconnectDelay: 100, maxReconnectDelay: 2_000, timeout: 5_000 }

/** A message as its author knows that it was taken. */
export interface Sent {
  readonly cid: string
  readonly text: string
  readonly seq: number
  readonly mid: string
}

/** A message as a member has it. */
export interface Received {
  readonly seq: number
  readonly mid: string
  readonly text: string
}

export interface ChatMember extends ChaosClient {
  /** What it wrote and was told to be there. */
  readonly sent: readonly Sent[]
  /** What it has of the conversation, each once, by `seq`. */
  received(conversation: string): readonly Received[]
  /** Writes until it is stopped. */
  talk(conversation: string): void
  /** Waits until all that it wrote is acknowledged. */
  stop(): Promise<void>
}

/** A member on the SDK alone, who sends each message again under its `cid` until it is answered, and reads the inbox as it comes. */
export class SdkChatUser extends Writer implements ChatMember {
  readonly kind = 'centrifuge SDK'
  readonly faults: string[] = []
  readonly sent: Sent[] = []
  connections = 0
  readonly #entries = new Map<number, Received & { readonly conversation: string }>()
  #sdk: Centrifuge | undefined
  #held = 0
  #unsaid = 0
  #conversation = ''
  #timer: Timer | undefined

  constructor(
    readonly entrance: Entrance,
    readonly name: string,
  ) {
    super()
  }

  get isConnected(): boolean {
    return this.#sdk?.state === 'connected'
  }

  async connect(): Promise<void> {
    const token = await this.entrance.tokenOf(this.name)
    const sdk = new Centrifuge(socketUrl(this.entrance), { token, data: { device: 'sdk' }, ...reconnect })
    this.#sdk = sdk
    sdk.on('connected', () => this.connections++)
    sdk.on('disconnected', ({ code, reason }) => {
      if (code !== 0) this.faults.push(`was sent away: ${code} ${reason}`)
    })
    sdk.on('subscribed', ({ channel, data }) => {
      if (channel !== `inbox:#${this.name}`) return
      const { truncated } = Object(data)
      if (truncated !== undefined && this.connections > 0) this.faults.push(`its inbox was cut short: ${JSON.stringify(truncated)}`)
    })
    sdk.on('publication', ({ channel, data, offset }) => {
      if (channel === `inbox:#${this.name}`) this.#take(offset ?? 0, Object(data))
    })
    sdk.connect()
    await sdk.ready(60_000)
  }

  /** @throws where it is not answered, or refused */
  async call(method: string, input: object): Promise<Record<string, unknown>> {
    if (this.#sdk === undefined) throw new Error(`${this.name} has not connected`)
    return Object((await this.#sdk.rpc(method, input)).data)
  }

  received(conversation: string): Received[] {
    return [...this.#entries.values()].filter(entry => entry.conversation === conversation).sort((a, b) => a.seq - b.seq)
  }

  talk(conversation: string): void {
    this.#conversation = conversation
    this.start()
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#sdk?.disconnect()
  }

  protected async run(): Promise<void> {
    const conversation = this.#conversation
    for (let n = 1; !this.isStopped; n++) {
      const [cid, text] = [`${this.name}-${n}`, `${this.name} says ${n}`]
      for (;;) {
        const answer = await this.call('chat.send', { conversation, cid, text }).catch((error: unknown) => this.#failed(error))
        if (answer !== undefined) {
          this.sent.push({ cid, text, seq: Number(answer.seq), mid: `${answer.mid}` })
          break
        }
        await Bun.sleep(againMs)
      }
      await Bun.sleep(pauseMs)
    }
  }

  /** Everything that may pass is tried again. */
  #failed(error: unknown): undefined {
    const { code, message, temporary } = Object(error)
    const passes = temporary === true || Number(code) < 100 || [100, 111, 503].includes(Number(code))
    if (!passes) this.faults.push(`a send was answered ${code} ${message}`)
  }

  #take(offset: number, entry: Record<string, unknown>): void {
    this.#held = Math.max(this.#held, offset)
    if (entry.kind === 'message')
      this.#entries.set(offset, {
        ...{ conversation: `${entry.conversation}`, seq: Number(entry.seq) },
        ...{ mid: `${entry.mid}`, text: `${entry.text}` },
      })
    if (++this.#unsaid >= acknowledge.entries) this.#acknowledge()
    else this.#timer ??= setTimeout(() => this.#acknowledge(), acknowledge.ms)
  }

  #acknowledge(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#unsaid = 0
    // One that fails is said again with the next.
    this.call('chat.ack', { offset: this.#held }).catch(() => {
      this.#unsaid++
    })
  }
}

/** A member on the client layer that pages use, whose outbox sends by itself. */
export class LayerChatUser extends Writer implements ChatMember {
  readonly kind = 'fanfare/chat'
  readonly faults: string[] = []
  connections = 0
  #client: ChatClient | undefined
  #conversation = ''
  readonly #written = new Map<string, string>()

  constructor(
    readonly entrance: Entrance,
    readonly name: string,
  ) {
    super()
  }

  get isConnected(): boolean {
    return this.#client?.link === 'live'
  }

  get sent(): Sent[] {
    return this.#messages(this.#conversation).flatMap(({ text = '', seq, mid, state }) =>
      this.#written.has(text) && seq !== undefined && state !== 'waiting'
        ? [{ cid: this.#written.get(text) ?? '', text, seq, mid: mid ?? '' }]
        : [],
    )
  }

  async connect(): Promise<void> {
    const token = await this.entrance.tokenOf(this.name)
    const client = new ChatClient({ url: socketUrl(this.entrance), user: this.name, device: 'layer', token })
    this.#client = client
    let link = client.link
    client.onChange(() => {
      if (client.link === 'live' && link !== 'live') this.connections++
      link = client.link
      if (client.ended !== undefined && this.faults.length === 0) this.faults.push(`was sent away: ${JSON.stringify(client.ended)}`)
    })
    await client.connect()
  }

  received(conversation: string): Received[] {
    return this.#messages(conversation).flatMap(({ seq, mid, text }) =>
      seq === undefined ? [] : [{ seq, mid: mid ?? '', text: text ?? '' }],
    )
  }

  talk(conversation: string): void {
    this.#conversation = conversation
    this.#client?.open(conversation)
    this.start()
  }

  close(): void {
    void this.#client?.close()
  }

  protected async run(): Promise<void> {
    const conversation = this.#conversation
    for (let n = 1; !this.isStopped; n++) {
      const text = `${this.name} says ${n}`
      this.#written.set(text, `${this.name}-${n}`)
      this.#client?.send(conversation, { text })
      await Bun.sleep(pauseMs)
    }
    while (this.#messages(conversation).some(({ state }) => state === 'waiting')) await Bun.sleep(againMs)
  }

  #messages(conversation: string) {
    return (this.#client?.messages(conversation) ?? []).filter(item => item.kind === 'message')
  }
}
