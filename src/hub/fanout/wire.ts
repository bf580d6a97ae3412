import { sseEvent } from '../../protocol/index.ts'
import type { Bytes, SocketGroup } from '../contracts/socket.ts'
import { type Encoding, type Frame, joined } from './frame.ts'

/** How frames become one write. Equal input in a row is packed once: a fan-out to thousands makes the bytes a single time. */
export interface Wire {
  readonly name: 'websocket' | 'sse'
  readonly encoding: Encoding
  /** Whether a write says how far it brings the client. */
  readonly hasCursor: boolean
  /** `cursor` is the id of the event, where the wire has one and a position moved. */
  pack(frames: readonly Frame[], cursor: string | undefined): Bytes
  /** The same for a single frame, without a list. */
  packOne(frame: Frame, cursor: string | undefined): Bytes
  /** Makes a group of its connections that are written to together; absent where its transport has no such thing. */
  readonly openGroup: (() => SocketGroup) | undefined
}

/** Newline-separated JSON messages in one text frame. */
export function websocketWire(openGroup?: () => SocketGroup): Wire {
  return new SharedWire(
    'websocket',
    'json',
    frames => {
      const [only] = frames
      return frames.length === 1 && only !== undefined ? only.websocket : frames.map(frame => frame.websocket).join('\n')
    },
    openGroup,
  )
}

/** Protobuf replies in one binary frame, each behind its length. */
export function protobufWire(openGroup?: () => SocketGroup): Wire {
  return new SharedWire('websocket', 'protobuf', frames => joined(frames.map(frame => frame.protobuf)), openGroup)
}

/** One event; several messages stand in `{"batch":[…]}`. */
export function sseWire(openGroup?: () => SocketGroup): Wire {
  const encoder = new TextEncoder()
  return new SharedWire(
    'sse',
    'json',
    (frames, cursor) => {
      const messages = frames.flatMap(frame => frame.messages)
      const [only] = messages
      return encoder.encode(sseEvent(messages.length === 1 && only !== undefined ? only : `{"batch":[${messages.join(',')}]}`, cursor))
    },
    openGroup,
  )
}

class SharedWire implements Wire {
  #frames: readonly Frame[] = []
  #cursor: string | undefined
  #bytes: Bytes = ''

  readonly hasCursor: boolean

  constructor(
    readonly name: 'websocket' | 'sse',
    readonly encoding: Encoding,
    readonly encode: (frames: readonly Frame[], cursor: string | undefined) => Bytes,
    readonly openGroup: (() => SocketGroup) | undefined,
  ) {
    this.hasCursor = name === 'sse'
  }

  packOne(frame: Frame, cursor: string | undefined): Bytes {
    return this.#frames.length === 1 && this.#frames[0] === frame && this.#cursor === cursor ? this.#bytes : this.pack([frame], cursor)
  }

  pack(frames: readonly Frame[], cursor: string | undefined): Bytes {
    if (cursor !== this.#cursor || !sameFrames(frames, this.#frames)) {
      this.#bytes = this.encode(frames, cursor)
      this.#frames = frames
      this.#cursor = cursor
    }
    return this.#bytes
  }
}

function sameFrames(left: readonly Frame[], right: readonly Frame[]): boolean {
  if (left.length !== right.length) return false
  for (let index = 0; index < left.length; index++) if (left[index] !== right[index]) return false
  return true
}
