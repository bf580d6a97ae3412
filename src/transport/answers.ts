import type { Holder, UnsentBytes } from '../hub/index.ts'
import type { DirectSink } from './event-stream.ts'
import { streamFrom } from './event-stream.ts'

/** Characters of an answer that the kernel takes at once, whoever reads: what is shorter is not looked at. */
const freeCharacters = 16 * 1024
/** Characters that the connection is given at a time. */
const pieceCharacters = 64 * 1024
/** Answers of which Bun keeps the whole until they are read. Texts of other kinds are of pages, which all requests share. */
const counted = /^(application\/json|application\/openmetrics-text|text\/plain)/

/**
 * HTTP answers that wait for their clients. What is large is handed to the connection piece by piece, and counts among the bytes that wait for
 * its user, or its address, until the last piece has gone: whoever asks and does not read loses the connection, like one that reads no frames.
 */
export class Answers {
  readonly #users = new WeakMap<Response, string>()

  constructor(readonly unsent: UnsentBytes) {}

  /** Says whose answer it is. Others are those of their address. */
  of(user: string, response: Response): Response {
    if (user !== '') this.#users.set(response, user)
    return response
  }

  async send(response: Response, address: string): Promise<Response> {
    const { headers } = response
    if (!counted.test(headers.get('content-type') ?? '') || headers.has('content-encoding')) return response
    const text = await response.text()
    if (text.length <= freeCharacters) return new Response(text, response)
    const answer = new Answer(this.unsent, this.#users.get(response) ?? '', address, text)
    return new Response(streamFrom(answer), response)
  }
}

/** A source of Bun's `direct` kind, as event streams are. */
class Answer implements Holder {
  readonly type = 'direct'
  #at = 0
  #cut: (() => void) | undefined

  constructor(
    readonly unsent: UnsentBytes,
    readonly user: string,
    readonly address: string,
    readonly text: string,
  ) {}

  /** Called by Bun when it sends the body, which is whole when the promise resolves, and broken off when it rejects. */
  pull(sink: DirectSink): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#cut = () => {
        this.#end()
        reject(undefined)
      }
      this.#pass(sink, () => {
        this.#end()
        sink.end()
        resolve()
      })
    })
  }

  /** Called by Bun when the client has gone. */
  cancel(): void {
    this.#end()
  }

  /** It, or all that waits, is too much. */
  overflow(): void {
    this.#cut?.()
  }

  #pass(sink: DirectSink, done: () => void): void {
    while (this.#at < this.text.length) {
      const written = sink.write(this.#next())
      if (typeof written === 'number') sink.flush()
      else {
        this.unsent.set(this, this.text.length)
        written.then(
          () => this.#pass(sink, done),
          () => this.#end(),
        )
        return
      }
    }
    done()
  }

  /** A character that takes two units is not parted. */
  #next(): string {
    const end = this.#at + pieceCharacters
    const isParted = (this.text.charCodeAt(end - 1) & 0xfc00) === 0xd800
    const piece = this.text.slice(this.#at, isParted ? end - 1 : end)
    this.#at += piece.length
    return piece
  }

  #end(): void {
    this.#at = this.text.length
    this.unsent.set(this, 0)
  }
}
