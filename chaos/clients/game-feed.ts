import { Script } from '../../sim/workloads/sports/script.ts'
import type { Random } from '../../src/kit/index.ts'
import type { Entrance } from './client.ts'
import { Writer } from './writer.ts'

const pauseMs = 500
const againMs = 300
const answerWithinMs = 5_000

/** A provider that tells what happens in a game, batch after batch, each again until it is taken: with corrections, deletions and second thoughts. */
export class GameFeed extends Writer {
  readonly script: Script
  batches = 0
  failed = 0
  readonly faults: string[] = []

  constructor(
    readonly entrance: Entrance,
    readonly game: string,
    random: Random,
  ) {
    super()
    this.script = new Script(game, random, () => Date.now())
  }

  get channel(): string {
    return `sports:game_${this.game}`
  }

  /** Describes the game, so that viewers can come. */
  async open(): Promise<void> {
    await this.#until('PUT', '', { home: 'Reds', away: 'Blues', league: 'north' })
    await this.#until('POST', '/events', { events: this.script.begin() })
  }

  protected async run(): Promise<void> {
    while (!this.isStopped) {
      await this.#until('POST', '/events', { events: this.script.next() })
      this.batches++
      await Bun.sleep(pauseMs)
    }
  }

  async #until(method: string, path: string, body: object): Promise<void> {
    const { url, apiKey } = this.entrance
    for (;;) {
      const answer = await fetch(`${url}/sports/games/${this.game}${path}`, {
        method,
        headers: { 'X-API-Key': apiKey, Connection: 'close' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(answerWithinMs),
        keepalive: false,
      })
        .then(async response => ({ status: response.status, text: await response.text() }))
        .catch(() => undefined)
      if (answer !== undefined && answer.status < 300) return
      this.failed++
      if (answer !== undefined && answer.status < 500 && answer.status !== 429)
        this.faults.push(`${method} ${path} was answered ${answer.status} ${answer.text.slice(0, 200)}`)
      await Bun.sleep(againMs)
    }
  }
}
