import { signToken } from '../src/server/index.ts'

interface Frame {
  readonly id?: number
  readonly error?: { readonly code: number; readonly message: string }
  readonly rpc?: { readonly data?: { readonly conversation?: string } }
  readonly push?: {
    readonly pub?: {
      readonly offset?: number
      readonly data: { readonly kind: string; readonly conversation?: string; readonly text?: string; readonly seq?: number }
    }
  }
}

/** How often everyone says what they have and what they read, where they do. */
const receiptsMs = 1000
const deliveredWithinMs = 10_000

/** The same people in some conversations, each on one device, who all get every message of every conversation. */
export class Crowd {
  deliveries = 0
  accepted = 0
  readonly failures: string[] = []
  /** Whether everyone acknowledges and reads. */
  tellsReceipts = false
  readonly #members: CrowdMember[] = []
  readonly #conversations: string[] = []
  readonly #missing = new Map<string, { count: number; all(): void }>()
  #ticking: Timer | undefined

  static async gather(url: string, secret: string, { members, conversations }: { members: number; conversations: number }): Promise<Crowd> {
    const crowd = new Crowd()
    const users = Array.from({ length: members }, (_, i) => `member-${i}`)
    for (const user of users) {
      const member = new CrowdMember(crowd, user)
      await member.connect(url, await signToken(secret, { sub: user }))
      crowd.#members.push(member)
    }
    for (let i = 0; i < conversations; i++) {
      // Each is made by somebody else, as nobody may make hundreds in a day.
      const data = { title: `group ${i}`, members: users, cid: `g${i}` }
      const answer = await crowd.#members[i % members]?.call('chat.group', data)
      crowd.#conversations.push(answer?.rpc?.data?.conversation ?? '')
    }
    crowd.#ticking = setInterval(() => crowd.#tell(), receiptsMs)
    return crowd
  }

  /** @returns milliseconds until the last member had it, the sender too */
  async send(sender: number): Promise<number> {
    const n = this.accepted++
    const text = `t${n}-${'x'.repeat(60)}`
    const conversation = this.#conversations[(n * 7) % this.#conversations.length]
    const all = Promise.withResolvers<void>()
    this.#missing.set(text, { count: this.#members.length, all: all.resolve })
    const startMs = performance.now()
    await this.#members[sender % this.#members.length]?.call('chat.send', { conversation, cid: `t${n}`, text })
    const late = Bun.sleep(deliveredWithinMs).then(() => 'late' as const)
    if ((await Promise.race([all.promise, late])) === 'late') throw new Error(`${text} did not reach everyone`)
    return performance.now() - startMs
  }

  got(text: string): void {
    this.deliveries++
    const missing = this.#missing.get(text)
    if (missing === undefined || --missing.count > 0) return
    this.#missing.delete(text)
    missing.all()
  }

  close(): void {
    clearInterval(this.#ticking)
    for (const member of this.#members) member.close()
  }

  #tell(): void {
    if (this.tellsReceipts) for (const member of this.#members) member.tell()
  }
}

class CrowdMember {
  #socket: WebSocket | undefined
  #ids = 1
  readonly #answers = new Map<number, { resolve(frame: Frame): void; reject(error: Error): void }>()
  #offset = 0
  #acked = 0
  #newest: { readonly conversation: string; readonly seq: number } | undefined
  #isLeaving = false

  constructor(
    readonly crowd: Crowd,
    readonly user: string,
  ) {}

  async connect(url: string, token: string): Promise<void> {
    const socket = new WebSocket(url)
    this.#socket = socket
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve)
      socket.addEventListener('error', () => reject(new Error(`${this.user} could not connect`)))
    })
    socket.addEventListener('message', ({ data }) => this.#receive(String(data)))
    socket.addEventListener('close', ({ code, reason }) => {
      if (!this.#isLeaving) this.crowd.failures.push(`${this.user} was closed: ${code} ${reason}`)
    })
    await this.#ask({ connect: { token, data: { device: 'bench' } } })
  }

  call(method: string, data: object): Promise<Frame> {
    return this.#ask({ rpc: { method, data } })
  }

  tell(): void {
    if (this.#offset <= this.#acked || this.#newest === undefined) return
    this.#acked = this.#offset
    for (const told of [this.call('chat.ack', { offset: this.#offset }), this.call('chat.read', this.#newest)])
      told.catch((error: Error) => this.crowd.failures.push(error.message))
  }

  close(): void {
    this.#isLeaving = true
    this.#socket?.close()
  }

  #ask(command: object): Promise<Frame> {
    const id = this.#ids++
    this.#socket?.send(JSON.stringify({ id, ...command }))
    return new Promise((resolve, reject) => this.#answers.set(id, { resolve, reject }))
  }

  /** A line is a message; an empty one is a ping. */
  #receive(text: string): void {
    for (const line of text.split('\n')) {
      if (line === '{}') this.#socket?.send('{}')
      else this.#take(JSON.parse(line))
    }
  }

  #take({ id, error, rpc, push, ...rest }: Frame): void {
    if (id !== undefined) {
      const answer = this.#answers.get(id)
      this.#answers.delete(id)
      if (error === undefined) answer?.resolve({ ...rest, ...(rpc === undefined ? {} : { rpc }) })
      else answer?.reject(new Error(`${this.user}: ${error.code} ${error.message}`))
      return
    }
    const pub = push?.pub
    if (pub === undefined) return
    this.#offset = Math.max(this.#offset, pub.offset ?? 0)
    const { kind, conversation = '', seq = 0, text = '' } = pub.data
    if (kind !== 'message') return
    this.#newest = { conversation, seq }
    this.crowd.got(text)
  }
}
