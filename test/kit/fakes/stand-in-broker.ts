import { createServer, type Server, type Socket } from 'node:net'
import { Writer } from '@platformatic/kafka'
import { ByteCursor } from '../../../src/broker/kafka/byte-cursor.ts'

/** What somebody asks of a broker; its header has been read. */
export interface BrokerRequest {
  /** Which question it is, by Kafka's number. */
  readonly api: number
  readonly body: ByteCursor
}

const sizeBytes = 4

/** Speaks Kafka's protocol as far as a test does: all answers are the test's own. It takes flexible versions alone. */
export class StandInBroker {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(readonly answer: (request: BrokerRequest, into: Writer) => void) {
    this.#server = createServer(socket => {
      this.#sockets.add(socket)
      let waiting = Buffer.alloc(0)
      socket.on('data', data => {
        waiting = Buffer.concat([waiting, Buffer.from(data)])
        while (waiting.length >= sizeBytes && waiting.length >= sizeBytes + waiting.readInt32BE(0)) {
          const end = sizeBytes + waiting.readInt32BE(0)
          socket.write(this.#answered(new ByteCursor(waiting.subarray(sizeBytes, end))))
          waiting = waiting.subarray(end)
        }
      })
    })
  }

  static async listen(answer: (request: BrokerRequest, into: Writer) => void): Promise<StandInBroker> {
    const broker = new StandInBroker(answer)
    await new Promise<void>(resolve => broker.#server.listen(0, '127.0.0.1', resolve))
    return broker
  }

  get port(): number {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    return address.port
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }

  #answered(body: ByteCursor): Buffer {
    const api = body.int16()
    // The version.
    body.int16()
    const into = Writer.create().appendInt32(body.int32()).appendTaggedFields()
    body.slice(body.int16())
    body.skipTagged()
    this.answer({ api, body }, into)
    return Buffer.concat([Writer.create().appendInt32(into.length).buffer, into.buffer])
  }
}
