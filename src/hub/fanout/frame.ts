import { type Message, TextMessage } from './message.ts'

/** In which form messages cross a wire. */
export type Encoding = 'json' | 'protobuf'

/** The kind of a frame in a session's queue. */
export type FrameKind = 'reply' | 'push' | 'ephemeral'

/**
 * Something encoded that can be sent to any number of sessions: one or more messages, made once for each wire and shared.
 * On a WebSocket a push is wrapped as `{"push":…}`, on an event stream it stands alone; each form is made when first needed.
 */
export class Frame {
  readonly kind: FrameKind
  /** How many publications it carries, for the count of deliveries. */
  readonly publications: number
  /** Whether it moves a position, so that an event stream must send a new cursor with it. */
  readonly positional: boolean
  readonly #parts: readonly (string | Message)[]
  #messages: readonly string[] | undefined
  #websocket: string | undefined
  #protobuf: Uint8Array | undefined

  /** A text is a message in JSON. */
  constructor(parts: readonly (string | Message)[], kind: FrameKind, publications = 0, positional = false) {
    this.#parts = parts
    this.kind = kind
    this.publications = publications
    this.positional = positional
  }

  /**
   * What it counts as in a queue that is bounded in bytes: UTF-16 units where it is text, close enough for a bound. Makes the form that is
   * asked about, so that what is counted stays what it was.
   */
  sizeIn(encoding: Encoding): number {
    if (encoding === 'protobuf') return this.protobuf.length
    let size = 0
    for (const message of this.messages) size += message.length
    return size
  }

  get messages(): readonly string[] {
    this.#messages ??= this.#parts.map(part => (typeof part === 'string' ? part : part.json))
    return this.#messages
  }

  get websocket(): string {
    this.#websocket ??= this.kind === 'reply' ? this.messages.join('\n') : this.messages.map(message => `{"push":${message}}`).join('\n')
    return this.#websocket
  }

  /** Replies in Protobuf, each behind its length. */
  get protobuf(): Uint8Array {
    this.#protobuf ??= joined(this.#parts.map(part => this.#messageOf(part).protobuf))
    return this.#protobuf
  }

  #messageOf(part: string | Message): Message {
    return typeof part === 'string' ? new TextMessage(part, this.kind !== 'reply') : part
  }
}

/** One after the other; a single one as it is. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts
  return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts)
}

export function replyFrame(reply: string | Message): Frame {
  return new Frame([reply], 'reply')
}

export function pushFrame(text: string): Frame {
  return new Frame([text], 'push')
}
