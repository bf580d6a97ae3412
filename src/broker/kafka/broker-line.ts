import { type API, Connection, type ConnectionOptions, ResponseError } from '@platformatic/kafka'
import type { BrokerAddress } from './kafka-options.ts'

/** One connection to one broker. It is made with the first question, and made anew with the one after a failure. */
export class BrokerLine {
  #connection: Connection | undefined
  #connected: Promise<Connection> | undefined
  #isClosed = false

  constructor(
    readonly address: BrokerAddress,
    readonly clientId: string,
    readonly options: ConnectionOptions,
  ) {}

  /** What the broker refuses stands in the answer, as codes. @throws where it does not answer; its connection is given up then */
  async ask<Arguments extends unknown[], Answer>(api: API<Arguments, Answer>, ...given: Arguments): Promise<Answer> {
    const connection = await this.#open()
    try {
      return await api.async(connection, ...given)
    } catch (error) {
      if (error instanceof ResponseError && error.response !== undefined) return error.response
      this.#forget(connection)
      throw error
    }
  }

  /** Gives up what is under way. The next question makes another connection. */
  reset(): void {
    if (this.#connection !== undefined) this.#forget(this.#connection)
  }

  close(): void {
    this.#isClosed = true
    this.reset()
  }

  #open(): Promise<Connection> {
    if (this.#isClosed) return Promise.reject(new Error('the connection was closed'))
    if (this.#connected !== undefined) return this.#connected
    const connection = new Connection(this.clientId, this.options)
    // Each question hears of it by itself.
    connection.on('error', () => this.#forget(connection))
    connection.on('close', () => this.#forget(connection))
    this.#connection = connection
    this.#connected = connect(connection, this.address).catch((error: unknown) => {
      this.#forget(connection)
      throw error
    })
    return this.#connected
  }

  #forget(connection: Connection): void {
    if (this.#connection === connection) {
      this.#connection = undefined
      this.#connected = undefined
    }
    connection.close(() => undefined)
    // Closed in good order it would wait for a broker that stands still.
    connection.socket?.destroy()
  }
}

async function connect(connection: Connection, { host, port }: BrokerAddress): Promise<Connection> {
  await connection.connect(host, port)
  return connection
}
