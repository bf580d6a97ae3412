import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import protobuf from 'protobufjs'
import { until, within } from '../until.ts'
import type { Message } from './raw-client.ts'

const definition = readFileSync(join(import.meta.dir, '../../../src/protobuf/client.proto'), 'utf8')
const { root } = protobuf.parse(definition, { keepCase: true })
const command = root.lookupType('Command')
const reply = root.lookupType('Reply')

/** Commands as one frame, each behind its length. `bytes` are given as they shall be. */
export function binaryFrame(...commands: readonly object[]): Uint8Array {
  return Buffer.concat(commands.map(fields => command.encodeDelimited(fields).finish()))
}

/** A WebSocket that speaks the Protobuf form by hand. What is `bytes` stays bytes. */
export class BinaryClient implements Disposable {
  readonly frames: Uint8Array[] = []
  readonly messages: Message[] = []
  pings = 0
  closedWith: { readonly code: number; readonly reason: string } | undefined

  constructor(readonly socket: WebSocket) {
    socket.binaryType = 'arraybuffer'
    socket.addEventListener('close', ({ code, reason }) => {
      this.closedWith = { code, reason }
    })
    socket.addEventListener('message', ({ data }) => this.#receive(data))
  }

  static async open(url: string, protocols = ['centrifuge-protobuf']): Promise<BinaryClient> {
    const socket: WebSocket = Reflect.construct(WebSocket, [url, { protocols }])
    const client = new BinaryClient(socket)
    const opened = new Promise<void>((resolve, reject) => {
      socket.addEventListener('open', () => resolve())
      socket.addEventListener('close', ({ code }) => reject(new Error(`the upgrade was refused (${code})`)))
    })
    await within('the socket to open', opened)
    return client
  }

  static async connect(url: string, connect: object, protocols?: string[]): Promise<BinaryClient> {
    const client = await BinaryClient.open(url, protocols)
    const answer = await client.call(1, { connect })
    if (answer.error !== undefined) throw new Error(`connect was refused: ${JSON.stringify(answer.error)}`)
    return client
  }

  send(frame: Uint8Array | string): void {
    this.socket.send(typeof frame === 'string' ? frame : new Uint8Array(frame))
  }

  call(id: number, fields: object): Promise<Message> {
    this.send(binaryFrame({ id, ...fields }))
    return this.reply(id)
  }

  reply(id: number): Promise<Message> {
    return until(`command ${id} is answered`, () => {
      const answer = this.messages.find(message => message.id === id)
      if (answer === undefined && this.closedWith !== undefined) throw new Error(`closed with ${JSON.stringify(this.closedWith)}`)
      return answer
    })
  }

  [Symbol.dispose](): void {
    this.socket.close()
  }

  /** Text would be of the other form: it fails here. */
  #receive(data: unknown): void {
    if (!(data instanceof ArrayBuffer)) throw new Error('not a binary frame')
    const frame = new Uint8Array(data)
    this.frames.push(frame)
    const reader = protobuf.Reader.create(frame)
    while (reader.pos < reader.len) {
      const message: Message = reply.toObject(reply.decodeDelimited(reader), { longs: Number })
      if (Object.keys(message).length > 0) this.messages.push(message)
      else {
        this.pings++
        this.send(binaryFrame({}))
      }
    }
  }
}
