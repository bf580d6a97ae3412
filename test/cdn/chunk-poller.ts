interface ChunkBody {
  readonly next: string
  readonly publications: readonly { readonly offset: number }[]
}

/** The same body for all pollers is read once. */
const read = new Map<string, ChunkBody>()

function bodyOf(text: string): ChunkBody {
  let body = read.get(text)
  if (body === undefined) {
    body = JSON.parse(text) as ChunkBody
    if (read.size > 1000) read.clear()
    read.set(text, body)
  }
  return body
}

/** A viewer without a library: one connection, one request after the other, each for the chunk after the last. */
export class ChunkPoller {
  /** The offset of the last update, and how many there were. */
  offset: number
  updates = 0
  /** Answers by status. */
  readonly statuses = new Map<number, number>()
  readonly faults: string[] = []
  #rest = ''
  #socket: Bun.Socket | undefined

  constructor(
    readonly port: number,
    public next: string,
    /** Of the snapshot; the first chunk may begin before it. */
    readonly begunAt: number,
  ) {
    this.offset = begunAt
  }

  async start(): Promise<void> {
    await Bun.connect({
      hostname: '127.0.0.1',
      port: this.port,
      socket: {
        open: socket => {
          this.#socket = socket
          this.#ask()
        },
        data: (_, bytes) => this.#receive(bytes.toString('latin1')),
        close: () => this.#closed(),
      },
    })
  }

  stop(): void {
    const socket = this.#socket
    this.#socket = undefined
    socket?.terminate()
  }

  #ask(): void {
    this.#socket?.write(`GET ${this.next} HTTP/1.1\r\nHost: 127.0.0.1:${this.port}\r\n\r\n`)
  }

  #closed(): void {
    if (this.#socket !== undefined) this.faults.push('the connection was closed')
  }

  #receive(text: string): void {
    this.#rest += text
    const head = this.#rest.indexOf('\r\n\r\n')
    if (head === -1) return
    const status = Number(this.#rest.slice(9, 12))
    const length = Number(/content-length: *(\d+)/i.exec(this.#rest.slice(0, head))?.[1] ?? 0)
    const end = head + 4 + length
    if (this.#rest.length < end) return
    const body = this.#rest.slice(head + 4, end)
    this.#rest = this.#rest.slice(end)
    this.#answered(status, body)
  }

  #answered(status: number, body: string): void {
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1)
    if (status === 200) this.#take(bodyOf(body))
    else if (status !== 204) this.faults.push(`${this.next} was answered with ${status}`)
    if (status === 200) this.#ask()
    else setTimeout(() => this.#ask(), 1000)
  }

  #take({ next, publications }: ChunkBody): void {
    for (const { offset } of publications) {
      if (this.updates === 0 && offset <= this.begunAt) continue
      if (offset !== this.offset + 1) this.faults.push(`${offset} came after ${this.offset}`)
      this.offset = offset
      this.updates++
    }
    this.next = next
  }
}
