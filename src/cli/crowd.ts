import type { Clock } from '../kit/index.ts'
import { CrowdMember } from './crowd-member.ts'
import type { CrowdOptions, NowUs } from './crowd-options.ts'
import { CrowdTally } from './tally.ts'

export interface Opening {
  readonly wanted: number
  readonly open: number
  readonly refused: number
  readonly seconds: number
}

/** What arrived on all connections between `begin` and `end`. */
export interface CrowdReport {
  readonly messages: number
  /** On the connection with the fewest, and with the most. */
  readonly fewest: number
  readonly most: number
  /** Of the numbers `"n":…` in messages: those left out on a connection, and those that came again. */
  readonly gaps: number
  readonly repeats: number
  /** Connections that were refused or have ended. */
  readonly closed: number
  readonly bytes: number
  readonly reads: number
  /** What only the native load can tell. */
  readonly segments: 0
  readonly seconds: number
  /** Of messages that carry `"ts":<unix time in microseconds>`. */
  readonly latencyMs: { readonly count: number; readonly p50: number; readonly p95: number; readonly p99: number; readonly max: number }
}

const stepMs = 20

/** Many connections to one server, each with its own account of what it got. */
export class Crowd {
  readonly #options: CrowdOptions
  readonly #clock: Clock
  readonly #members: CrowdMember[]
  #begunMs = 0
  #tally = new CrowdTally()

  constructor(options: CrowdOptions, clock: Clock, nowUs: NowUs) {
    this.#options = options
    this.#clock = clock
    this.#members = Array.from({ length: options.connections }, (_, number) => new CrowdMember(number, options, nowUs))
  }

  /** Resolves once every connection is open, refused, or has ended. */
  async open(): Promise<Opening> {
    const { connections, inFlight, perSecond } = this.#options
    const startMs = this.#clock.now()
    for (let started = 0; ; ) {
      const settled = this.#count('open') + this.#count('closed')
      if (settled === connections) break
      const dueByRate = perSecond === 0 ? connections : Math.ceil(((this.#clock.now() - startMs) / 1000) * perSecond)
      const until = Math.min(connections, dueByRate, settled + inFlight)
      for (; started < until; started++) this.#members[started]?.connect()
      await this.#step(1)
    }
    return { wanted: connections, open: this.#count('open'), refused: this.#count('closed'), seconds: (this.#clock.now() - startMs) / 1000 }
  }

  /** Forgets what was counted. */
  begin(): void {
    this.#begunMs = this.#clock.now()
    const tally = new CrowdTally()
    for (const member of this.#members) member.begin(tally)
    this.#tally = tally
  }
  /** Resolves once every connection has that many messages, or the time is over, to how many have fewer. */
  async wait(messages: number, timeoutMs: number): Promise<number> {
    const untilMs = this.#clock.now() + timeoutMs
    let short = this.#short(messages)
    while (short > 0 && this.#clock.now() < untilMs) {
      await this.#step(stepMs)
      short = this.#short(messages)
    }
    return short
  }

  end(): CrowdReport {
    const tally = this.#tally
    this.#tally = new CrowdTally()
    for (const member of this.#members) member.rest()
    const { latencyUs } = tally
    const ms = (share: number) => latencyUs.quantile(share) / 1000
    return {
      messages: tally.messages,
      fewest: this.#members.reduce((fewest, member) => Math.min(fewest, member.seen), Number.POSITIVE_INFINITY),
      most: this.#members.reduce((most, member) => Math.max(most, member.seen), 0),
      gaps: tally.gaps,
      repeats: tally.repeats,
      closed: this.#count('closed'),
      bytes: tally.bytes,
      reads: tally.reads,
      segments: 0,
      seconds: (this.#clock.now() - this.#begunMs) / 1000,
      latencyMs: { count: latencyUs.count, p50: ms(0.5), p95: ms(0.95), p99: ms(0.99), max: latencyUs.max / 1000 },
    }
  }

  close(): void {
    for (const member of this.#members) member.close()
  }

  #count(state: CrowdMember['state']): number {
    return this.#members.reduce((count, member) => count + (member.state === state ? 1 : 0), 0)
  }

  #short(messages: number): number {
    return this.#members.reduce((count, member) => count + (member.seen < messages ? 1 : 0), 0)
  }

  #step(ms: number): Promise<void> {
    return new Promise(resolve => this.#clock.after(ms, resolve))
  }
}
