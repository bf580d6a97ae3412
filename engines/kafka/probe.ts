import { Admin, Producer } from '@platformatic/kafka'
import { EngineError } from '../engine-error.ts'

const topic = 'engines-ready'
const lookMs = 100
const readyWithinMs = 180_000
/** Of a client that asks again where nothing is answered. */
export const kafkaPatience = { timeout: 3_000, requestTimeout: 3_000, connectTimeout: 1_000, retries: 0 }

/** Looks after a cluster by the listener that brokers use among themselves. */
export class KafkaProbe {
  constructor(
    /** `host:port` of each broker. */
    readonly bootstrap: readonly string[],
    readonly requireAlive: () => void,
  ) {}

  /** Waits until what is written to a partition of every broker is acknowledged by all its replicas that must: metadata promise less. */
  async ready(): Promise<void> {
    await this.#retry('be written to', async () => {
      await this.#asAdmin(this.bootstrap, async admin => {
        const topics = await admin.listTopics()
        const count = this.bootstrap.length
        if (!topics.includes(topic)) await admin.createTopics({ topics: [topic], partitions: count, replicas: Math.min(3, count) })
      })
      const producer = new Producer({ clientId: 'engines', bootstrapBrokers: [...this.bootstrap], ...kafkaPatience })
      try {
        const messages = this.bootstrap.map((_, partition) => ({ topic, partition, value: Buffer.from('ready') }))
        // What the constructor is told of acknowledgements is not looked at.
        await producer.send({ acks: -1, messages })
      } finally {
        await producer.close()
      }
    })
  }

  /** Waits until a broker that was away keeps up with the others again. */
  async inSync(id: number): Promise<void> {
    await this.#retry(`have broker ${id} in sync`, async () => {
      const partitions = await this.#partitions(topic)
      if (!partitions.every(({ replicas, isr }) => !replicas.includes(id) || isr.includes(id))) throw new Error('it is not in sync')
    })
  }

  /** The broker that leads a partition, from 1. */
  async leaderOf(of: string, partition: number): Promise<number> {
    return (await this.#partitions(of))[partition]?.leader ?? -1
  }

  /** As the first broker that answers says: one that stands says nothing. */
  async #partitions(of: string) {
    return Promise.any(
      this.bootstrap.map(address =>
        this.#asAdmin([address], async admin => {
          const { topics } = await admin.metadata({ topics: [of], forceUpdate: true })
          return topics.get(of)?.partitions ?? []
        }),
      ),
    )
  }

  async #asAdmin<T>(bootstrapBrokers: readonly string[], ask: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = new Admin({ clientId: 'engines', bootstrapBrokers: [...bootstrapBrokers], ...kafkaPatience })
    try {
      return await ask(admin)
    } finally {
      await admin.close()
    }
  }

  async #retry(what: string, attempt: () => Promise<void>): Promise<void> {
    const end = performance.now() + readyWithinMs
    for (;;) {
      try {
        return await attempt()
      } catch (cause) {
        this.requireAlive()
        if (performance.now() > end) throw new EngineError(`Kafka could not ${what} within ${readyWithinMs / 1000} s: ${cause}`, { cause })
        await Bun.sleep(lookMs)
      }
    }
  }
}
