import type { Entrance } from './client.ts'
import { Writer } from './writer.ts'

const pauseMs = 100
const againMs = 200
const answerWithinMs = 5_000

/** A back end that publishes to a channel by HTTP, one after the other, each again under its key until it is acknowledged. */
export class Publisher extends Writer {
  readonly acknowledged: string[] = []
  /** Attempts that failed or were not answered. */
  failed = 0
  readonly answersMs: number[] = []
  readonly faults: string[] = []

  constructor(
    readonly entrance: Entrance,
    readonly channel: string,
  ) {
    super()
  }

  protected async run(): Promise<void> {
    for (let n = 1; !this.isStopped; n++) {
      const id = `${this.channel} ${n}`
      const data = { id, at: Date.now() }
      while (!(await this.#attempt(id, data))) {
        this.failed++
        await Bun.sleep(againMs)
      }
      this.acknowledged.push(id)
      await Bun.sleep(pauseMs)
    }
  }

  async #attempt(id: string, data: object): Promise<boolean> {
    const { url, apiKey } = this.entrance
    const started = performance.now()
    const answer = await fetch(`${url}/api/publish`, {
      method: 'POST',
      headers: { 'X-API-Key': apiKey, Connection: 'close' },
      body: JSON.stringify({ channel: this.channel, data, idempotency_key: id }),
      signal: AbortSignal.timeout(answerWithinMs),
      keepalive: false,
    })
      .then(async response => ({ status: response.status, body: await response.text() }))
      .catch(() => undefined)
    if (answer === undefined) return false
    const { error } = Object(JSON.parse(answer.body || '{}'))
    if (answer.status === 200 && error === undefined) {
      this.answersMs.push(performance.now() - started)
      return true
    }
    const isForNow = answer.status >= 500 || answer.status === 429 || (error !== undefined && [100, 111].includes(error.code))
    if (!isForNow) this.faults.push(`${id} was answered ${answer.status} ${answer.body.slice(0, 200)}`)
    return false
  }
}
