import { toFields } from '../../src/protobuf/fields.ts'
import { schema } from '../../src/protobuf/schema.ts'
import { BinaryClient, binaryFrame } from '../kit/clients/binary-client.ts'
import { until } from '../kit/index.ts'
import { commands } from './corpus.ts'
import type { Mutator } from './mutator.ts'

/** Each command as a frame of its own. */
const frames = commands.map(command => binaryFrame(toFields(schema.command, JSON.parse(command))))
const lastId = 4_000_000_000

export interface BinaryReport {
  /** What a command was answered with. */
  answered(code: number, input: string): void
  closed(code: number, input: string): void
}

/** Frames of Protobuf that are nearly right: mutated bytes, mutated JSON in the right place, and lengths that do not fit. */
export async function sendBinaryFrames(url: string, token: string, mutator: Mutator, report: BinaryReport, count: number): Promise<void> {
  const perFrame = 25
  let client: BinaryClient | undefined
  for (let left = count; left > 0; left -= perFrame) {
    if (client === undefined || client.closedWith !== undefined || mutator.chance(0.02)) {
      client?.socket.close()
      client = mutator.chance(0.3) ? await BinaryClient.open(url) : await BinaryClient.connect(url, { token })
    }
    const frame = Buffer.concat(Array.from({ length: Math.min(perFrame, left) }, () => nearlyRight(mutator)))
    const { messages } = client
    const used = client
    client.send(frame)
    client.send(binaryFrame({ id: lastId, ping: {} }))
    await until('the frame was answered', () => used.closedWith !== undefined || messages.some(({ id }) => id === lastId))
    for (const { id, error } of messages) if (error !== undefined && id !== lastId) report.answered(error.code, frame.toString('hex'))
    messages.length = 0
    client.frames.length = 0
    if (client.closedWith !== undefined) report.closed(client.closedWith.code, frame.toString('hex'))
  }
  client?.socket.close()
}

function nearlyRight(mutator: Mutator): Uint8Array {
  if (mutator.chance(0.4)) return mutator.mutateBytes(mutator.pick(frames), frames)
  if (mutator.chance(0.5)) return behindLength(mutator.mutateBytes(mutator.pick(frames).subarray(1), frames))
  try {
    return binaryFrame(toFields(schema.command, JSON.parse(mutator.mutate(mutator.pick(commands), commands).slice(0, 2000))))
  } catch {
    // Some of what was made of JSON is none, or has no form in Protobuf.
    return mutator.bytes(20)
  }
}

/** So that what is wrong is the message, and those behind it are read. */
function behindLength(message: Uint8Array): Uint8Array {
  const length = message.length
  const head = length < 128 ? [length] : length < 16_384 ? [(length & 127) | 128, length >> 7] : undefined
  return head === undefined ? message : Buffer.concat([Uint8Array.from(head), message])
}
