import { type Clock, type Random, randomId, TimingWheel } from '../../kit/index.ts'

/** How long a ticket may be used. A URL is logged and shared, so what it carries must be worthless soon. */
const ttlMs = 60_000
/** Tickets that wait to be used. Beyond, the oldest is void. */
const ticketsMax = 100_000

/** Stand-ins for tokens in URLs: each works once, for a minute. */
export class Tickets {
  readonly #tokens = new Map<string, string>()
  readonly #expiry: TimingWheel<string>

  constructor(
    clock: Clock,
    readonly random: Random,
    /** The id of the node that knows them, so that any other finds it. */
    readonly node: string,
  ) {
    this.#expiry = new TimingWheel(clock, 1000, 64, ticket => this.#tokens.delete(ticket))
  }

  issue(token: string): { ticket: string; ttl: number } {
    const ticket = `ticket.${this.node}.${randomId(this.random)}`
    this.#tokens.set(ticket, token)
    this.#expiry.set(ticket, ttlMs)
    const [oldest] = this.#tokens.keys()
    if (this.#tokens.size > ticketsMax && oldest !== undefined) this.redeem(oldest)
    return { ticket, ttl: ttlMs / 1000 }
  }

  /** The token behind a ticket, which is void from now on; anything else is given back as it is. */
  redeem(given: string): string | undefined {
    if (!given.startsWith('ticket.')) return given
    const token = this.#tokens.get(given)
    this.#tokens.delete(given)
    this.#expiry.delete(given)
    return token
  }

  close(): void {
    this.#expiry.close()
  }
}
