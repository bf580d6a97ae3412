import { Reader } from 'protobufjs'
import { type Json, type JsonBounds, JsonError } from '../kit/index.ts'
import { commandOf, type Incoming } from '../protocol/index.ts'
import { fromFields } from './fields.ts'
import { schema } from './schema.ts'

/** The tag of `Command.id`, which encoders write first. */
const idTag = 8

/** The commands of one frame, each behind its length; undefined for a rest that is none, and the end. */
export function* messagesIn(frame: Uint8Array): Generator<Uint8Array | undefined> {
  for (let at = 0; at < frame.length; ) {
    const message = messageAt(frame, at)
    yield message
    if (message === undefined) return
    at = message.byteOffset - frame.byteOffset + message.length
  }
}

/** Undefined where the frame ends before the message does. */
function messageAt(frame: Uint8Array, at: number): Uint8Array | undefined {
  const reader = Reader.create(frame)
  reader.pos = at
  try {
    const length = reader.uint32()
    return length > frame.length - reader.pos ? undefined : frame.subarray(reader.pos, reader.pos + length)
  } catch {
    return undefined
  }
}

/** Reads one of them. Never throws: what is wrong is said with its path. */
export function readCommand(message: Uint8Array | undefined, bounds: JsonBounds): Incoming {
  if (message === undefined) return { kind: 'malformed', id: 0, detail: 'not a message behind its length' }
  if (message.length === 0) return { kind: 'pong' }
  let value: Json
  try {
    const { command } = schema
    value = fromFields(command, command.toObject(command.decode(message), { longs: Number }))
  } catch (error) {
    return { kind: 'malformed', id: idOf(message), detail: error instanceof JsonError ? error.message : 'not a Command in Protobuf' }
  }
  return commandOf(value, bounds)
}

/** The id of a command that cannot be read as a whole, so that the caller is answered and does not wait in vain. */
function idOf(message: Uint8Array): number {
  try {
    const reader = Reader.create(message)
    return reader.uint32() === idTag ? reader.uint32() : 0
  } catch {
    return 0
  }
}
