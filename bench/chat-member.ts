/** What of a frame a member looks at. */
interface Frame {
  readonly id?: number
  readonly error?: { readonly code: number; readonly message: string }
  readonly connect?: { readonly subs?: object }
  readonly rpc?: { readonly data?: { readonly conversation?: string } }
  readonly push?: {
    readonly pub?: { readonly offset?: number; readonly data: { readonly kind: string; readonly text?: string; readonly seq?: number } }
  }
}

export interface Traffic {
  /** Frames that carry receipts in either direction: acknowledgements, reads, their answers, and what authors and own devices are told. */
  receiptFrames: number
  deliveries: number
}

/** A device acknowledges this many entries at once, or what there is each second (chat M5, M10). */
const ackEvery = 32
const tellEveryMs = 1000

/** One member of the group on one device, which receives, acknowledges and reads as the client layer does, and speaks the wire itself. */
export class ChatMember {
  #socket: WebSocket
  #ids = 1
  readonly #answers = new Map<number, { resolve(frame: Frame): void; reject(error: Error): void }>()
  #offset = 0
  #acked = 0
  #seq = 0
  #read = 0
  #ticking: Timer | undefined
  #isLeaving = false
  conversation = ''

  private constructor(
    readonly user: string,
    url: string,
    readonly traffic: Traffic,
    readonly got: (text: string) => void,
    readonly failed: (error: Error) => void,
  ) {
    this.#socket = new WebSocket(url)
  }

  static async connect(
    url: string,
    user: string,
    token: string,
    traffic: Traffic,
    got: (text: string) => void,
    failed: (error: Error) => void,
  ): Promise<ChatMember> {
    const member = new ChatMember(user, url, traffic, got, failed)
    const opened = Promise.withResolvers<void>()
    member.#socket.addEventListener('open', () => opened.resolve())
    member.#socket.addEventListener('error', () => opened.reject(new Error(`${user} could not connect`)))
    member.#socket.addEventListener('close', ({ code, reason }) => member.#closed(code, reason))
    member.#socket.addEventListener('message', ({ data }) => member.#receive(String(data)))
    await opened.promise
    await member.#ask(`"connect":${JSON.stringify({ token, data: { device: 'bench' } })}`)
    member.#ticking = setInterval(() => member.#tell(), tellEveryMs)
    return member
  }

  call(method: string, data: object): Promise<Frame> {
    return this.#ask(`"rpc":${JSON.stringify({ method, data })}`)
  }

  /** A measurement does not go on without a member. */
  #closed(code: number, reason: string): void {
    clearInterval(this.#ticking)
    if (!this.#isLeaving) this.failed(new Error(`${this.user} was closed: ${code} ${reason}`))
  }

  close(): void {
    this.#isLeaving = true
    clearInterval(this.#ticking)
    this.#socket.close()
  }

  #ask(command: string): Promise<Frame> {
    const id = this.#ids++
    this.#socket.send(`{"id":${id},${command}}`)
    return new Promise((resolve, reject) => this.#answers.set(id, { resolve, reject }))
  }

  /** A line is a message; an empty one is a ping, wherever in the frame it stands. */
  #receive(text: string): void {
    for (const line of text.split('\n')) {
      if (line === '{}') this.#socket.send('{}')
      else this.#take(JSON.parse(line))
    }
  }

  #take(frame: Frame): void {
    const answer = frame.id === undefined ? undefined : this.#answers.get(frame.id)
    if (answer !== undefined && frame.id !== undefined) {
      this.#answers.delete(frame.id)
      if (frame.error === undefined) answer.resolve(frame)
      else answer.reject(new Error(`${this.user}: ${frame.error.code} ${frame.error.message}`))
      return
    }
    const pub = frame.push?.pub
    if (pub === undefined) return
    this.#offset = Math.max(this.#offset, pub.offset ?? 0)
    if (pub.data.kind === 'receipt') this.traffic.receiptFrames++
    if (pub.data.kind !== 'message') return
    this.traffic.deliveries++
    this.#seq = pub.data.seq ?? 0
    this.got(pub.data.text ?? '')
    if (this.#offset - this.#acked >= ackEvery) this.#acknowledge()
  }

  #tell(): void {
    if (this.#offset > this.#acked) this.#acknowledge()
    if (this.#seq > this.#read) {
      this.#read = this.#seq
      this.#receipt('chat.read', { conversation: this.conversation, seq: this.#seq })
    }
  }

  #acknowledge(): void {
    this.#acked = this.#offset
    this.#receipt('chat.ack', { offset: this.#offset })
  }

  /** A command and its answer: two frames. */
  #receipt(method: string, data: object): void {
    this.traffic.receiptFrames += 2
    this.call(method, data).catch((error: Error) => this.failed(error))
  }
}
