/** Takes what arrives on a connection after the response head, and gives the whole messages in it. Bytes stand as latin1 text throughout. */
export interface WireReader {
  take(bytes: string): CrowdMessage[]
}

/** `ping` wants a pong with the same text; `close` is the last. */
export interface CrowdMessage {
  readonly kind: 'message' | 'ping' | 'close'
  readonly text: string
}

/** Events of `text/event-stream` that carry data. */
export class EventReader implements WireReader {
  #rest = ''

  take(bytes: string): CrowdMessage[] {
    const events = (this.#rest + bytes).split('\n\n')
    this.#rest = events.pop() ?? ''
    return events.filter(event => /^data:/m.test(event)).map(text => ({ kind: 'message', text }))
  }
}

const opcodes = { close: 8, ping: 9, pong: 10 }

/** Unmasked frames, as a server sends them; a frame of several lines is as many messages. */
export class FrameReader implements WireReader {
  #rest = ''

  take(bytes: string): CrowdMessage[] {
    const text = this.#rest + bytes
    const messages: CrowdMessage[] = []
    let at = 0
    for (let frame = frameAt(text, at); frame !== undefined; frame = frameAt(text, at)) {
      at = frame.end
      if (frame.opcode === opcodes.close) messages.push({ kind: 'close', text: frame.text })
      else if (frame.opcode === opcodes.ping) messages.push({ kind: 'ping', text: frame.text })
      else if (frame.opcode !== opcodes.pong)
        for (const line of frame.text.split('\n')) if (line !== '') messages.push({ kind: 'message', text: line })
    }
    this.#rest = text.slice(at)
    return messages
  }
}

interface Frame {
  readonly opcode: number
  readonly text: string
  readonly end: number
}

/** The frame that begins there, or undefined while it is incomplete. */
function frameAt(text: string, at: number): Frame | undefined {
  const short = text.charCodeAt(at + 1) & 127
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0
  const head = at + 2 + lengthBytes
  if (text.length < head) return undefined
  const length = lengthBytes === 0 ? short : bigEndian(text, at + 2, lengthBytes)
  if (text.length < head + length) return undefined
  return { opcode: text.charCodeAt(at) & 15, text: text.slice(head, head + length), end: head + length }
}

function bigEndian(text: string, at: number, bytes: number): number {
  let value = 0
  for (let i = 0; i < bytes; i++) value = value * 256 + text.charCodeAt(at + i)
  return value
}

/** A client's frame with a mask of zeros: allowed, and the payload can be read in a trace. `text` is latin1. */
export function clientFrame(text: string, opcode = 1): Buffer {
  const length = text.length
  const head = length < 126 ? [128 | length] : [128 | 126, length >> 8, length & 255]
  return Buffer.concat([Uint8Array.from([128 | opcode, ...head, 0, 0, 0, 0]), Buffer.from(text, 'latin1')])
}

/** The longest text that `clientFrame` takes. */
export const clientFrameBytesMax = 65_535

/** Takes the framing of `Transfer-Encoding: chunked` out of what arrives, wherever it is cut. */
export class Dechunker {
  #state: 'size' | 'body' | 'end' | 'over' = 'size'
  #size = ''
  #left = 0

  /** The last chunk has come: the response is complete. */
  get over(): boolean {
    return this.#state === 'over'
  }

  take(bytes: string): string {
    let body = ''
    for (let at = 0; at < bytes.length && this.#state !== 'over'; ) {
      if (this.#state === 'body') {
        const part = bytes.slice(at, at + this.#left)
        body += part
        at += part.length
        this.#left -= part.length
        if (this.#left === 0) this.#state = 'end'
      } else at = this.#takeLine(bytes, at)
    }
    return body
  }

  /** The line with a chunk's size, or the line break behind a chunk. */
  #takeLine(bytes: string, at: number): number {
    const stop = bytes.indexOf('\n', at)
    if (this.#state === 'size') this.#size += bytes.slice(at, stop < 0 ? undefined : stop)
    if (stop < 0) return bytes.length
    if (this.#state === 'size') {
      this.#left = Number.parseInt(this.#size, 16)
      this.#size = ''
      this.#state = this.#left > 0 ? 'body' : 'over'
    } else this.#state = 'size'
    return stop + 1
  }
}
