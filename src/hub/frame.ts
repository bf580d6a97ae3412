/** What a frame is to a session's queue. */
export type FrameKind = 'reply' | 'push' | 'ephemeral'

/**
 * Something encoded that can be sent to any number of sessions: one or more JSON messages, made once and shared.
 * On a WebSocket a push is wrapped as `{"push":…}`, on an event stream it stands alone; both forms are made when first needed.
 */
export class Frame {
  readonly messages: readonly string[]
  readonly kind: FrameKind
  /** How many publications it carries, for the count of deliveries. */
  readonly publications: number
  /** Whether it moves a position, so that an event stream must send a new cursor with it. */
  readonly positional: boolean
  #websocket: string | undefined

  constructor(messages: readonly string[], kind: FrameKind, publications = 0, positional = false) {
    this.messages = messages
    this.kind = kind
    this.publications = publications
    this.positional = positional
  }

  /** What it counts as in a queue that is bounded in bytes: UTF-16 units, close enough for a bound. */
  get size(): number {
    let size = 0
    for (const message of this.messages) size += message.length
    return size
  }

  get websocket(): string {
    this.#websocket ??= this.kind === 'reply' ? this.messages.join('\n') : this.messages.map(message => `{"push":${message}}`).join('\n')
    return this.#websocket
  }
}

export function replyFrame(text: string): Frame {
  return new Frame([text], 'reply')
}

export function pushFrame(text: string): Frame {
  return new Frame([text], 'push')
}
