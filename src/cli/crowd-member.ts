import type { CrowdOptions, NowUs } from './crowd-options.ts'
import type { CrowdTally } from './tally.ts'
import { type CrowdMessage, clientFrame, Dechunker, EventReader, FrameReader, type WireReader } from './wire-reader.ts'

type Socket = Bun.Socket<CrowdMember>

const pongOpcode = 10
/** The nonce of RFC 6455's example: whoever measures does not need one that cannot be guessed. */
const upgrade = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13']

/** One connection of a crowd. */
export class CrowdMember {
  /** `connecting` until the response head, `joining` until the text that says it is open. */
  state: 'waiting' | 'connecting' | 'joining' | 'open' | 'closed' = 'waiting'
  /** Messages since `begin`. */
  seen = 0
  readonly #number: number
  readonly #options: CrowdOptions
  readonly #nowUs: NowUs
  readonly #reader: WireReader
  #dechunker: Dechunker | undefined
  #head = ''
  #tally: CrowdTally | undefined
  #last: number | undefined
  #socket: Socket | undefined

  constructor(number: number, options: CrowdOptions, nowUs: NowUs) {
    this.#number = number
    this.#options = options
    this.#nowUs = nowUs
    this.#reader = options.wire === 'sse' ? new EventReader() : new FrameReader()
  }

  connect(): void {
    this.state = 'connecting'
    const { host, port, tls } = this.#options
    Bun.connect({ hostname: host, port, tls, data: this, socket: handlers }).catch(() => this.ended())
  }

  begin(tally: CrowdTally): void {
    this.seen = 0
    this.#last = undefined
    this.#tally = tally
  }

  /** Counts no more, until the next `begin`. */
  rest(): void {
    this.#tally = undefined
  }

  close(): void {
    this.#socket?.end()
    this.ended()
  }

  ended(): void {
    this.state = 'closed'
  }

  opened(socket: Socket): void {
    this.#socket = socket
    const { host, port, path, wire, headers } = this.#options
    const own = wire === 'sse' ? ['Accept: text/event-stream'] : upgrade
    socket.write([`GET ${this.#numbered(path)} HTTP/1.1`, `Host: ${host}:${port}`, ...headers, ...own, '', ''].join('\r\n'))
  }

  received(bytes: Buffer): void {
    if (this.#tally !== undefined) {
      this.#tally.reads++
      this.#tally.bytes += bytes.length
    }
    const text = bytes.toString('latin1')
    const body = this.state === 'connecting' ? this.#takeHead(text) : text
    if (body === '') return
    for (const message of this.#reader.take(this.#dechunker?.take(body) ?? body)) this.#take(message)
    if (this.#dechunker?.over === true) this.close()
  }

  /** What follows the response head, once that is there. */
  #takeHead(text: string): string {
    this.#head += text
    const end = this.#head.indexOf('\r\n\r\n')
    if (end < 0) return ''
    const head = this.#head.slice(0, end)
    const rest = this.#head.slice(end + 4)
    this.#head = ''
    const { wire, openText, greetings } = this.#options
    if (!head.startsWith(wire === 'sse' ? 'HTTP/1.1 200' : 'HTTP/1.1 101')) {
      this.close()
      return ''
    }
    if (/^transfer-encoding: *chunked/im.test(head)) this.#dechunker = new Dechunker()
    this.state = openText === undefined ? 'open' : 'joining'
    if (greetings.length > 0) this.#socket?.write(clientFrame(this.#numbered(greetings.join('\n'))))
    return rest
  }

  #take({ kind, text }: CrowdMessage): void {
    const { answers, openText, match } = this.#options
    const answer = answers.get(text)
    if (kind === 'close') this.close()
    else if (kind === 'ping') this.#socket?.write(clientFrame(text, pongOpcode))
    else if (answer !== undefined) this.#socket?.write(clientFrame(answer))
    else if (this.state === 'joining') this.state = openText !== undefined && text.includes(openText) ? 'open' : 'joining'
    else if (match === undefined) this.#count(text)
    else for (const part of text.split(match).slice(1)) this.#count(part)
  }

  #count(text: string): void {
    const tally = this.#tally
    if (tally === undefined) return
    this.seen++
    tally.messages++
    const n = numberAfter(text, '"n":')
    if (n !== undefined) {
      if (this.#last !== undefined && n <= this.#last) tally.repeats++
      if (this.#last !== undefined && n > this.#last + 1) tally.gaps += n - this.#last - 1
      this.#last = Math.max(n, this.#last ?? n)
    }
    const sentUs = numberAfter(text, '"ts":')
    if (sentUs !== undefined) tally.latencyUs.add(this.#nowUs() - sentUs)
  }

  #numbered(text: string): string {
    return text.replaceAll('{i}', String(this.#number))
  }
}

const handlers: Bun.SocketHandler<CrowdMember> = {
  open: socket => socket.data.opened(socket),
  data: (socket, bytes) => socket.data.received(bytes),
  close: socket => socket.data.ended(),
  end: socket => socket.data.close(),
  error: socket => socket.data.close(),
}

function numberAfter(text: string, name: string): number | undefined {
  const at = text.indexOf(name)
  if (at < 0) return undefined
  const number = Number.parseInt(text.slice(at + name.length, at + name.length + 20), 10)
  return Number.isNaN(number) ? undefined : number
}
