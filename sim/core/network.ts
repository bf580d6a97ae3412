import type { Random } from '../../src/kit/index.ts'
import type { MachineClock, SimClock } from './clock.ts'
import type { Tally } from './tally.ts'

/** How a network treats what it carries. */
export interface Weather {
  /** Shares of all messages, from 0 to 1. */
  readonly dropShare: number
  readonly duplicateShare: number
  readonly delayMs: { readonly from: number; readonly to: number }
  /** Whether messages between two ends arrive in the order in which they were sent. */
  readonly ordered: boolean
}

/** Nothing is lost. */
export const calmWeather: Weather = { dropShare: 0, duplicateShare: 0, delayMs: { from: 1, to: 8 }, ordered: true }

/** An end of the network, whatever runs on it at the time. */
export interface End {
  readonly name: string
  readonly clock: MachineClock
}

/** Carries messages between machines, as well or as badly as the weather is. */
export class Network {
  readonly #parted = new Set<string>()
  readonly #newest = new Map<string, number>()

  constructor(
    readonly time: SimClock,
    readonly random: Random,
    readonly tally: Tally,
    public weather: Weather,
  ) {}

  /** Runs `arrive` at the other end, perhaps; never on a machine that was restarted since. */
  send(from: End, to: End, arrive: () => void): void {
    const { dropShare, duplicateShare } = this.weather
    if (this.#parted.has(pairOf(from, to)) || this.random.next() < dropShare) {
      this.tally.count('messages lost')
      return
    }
    const { clock } = to
    this.time.after(this.#delay(from, to), () => clock.enter(arrive))
    if (this.random.next() >= duplicateShare) return
    this.tally.count('messages doubled')
    this.time.after(this.#delay(from, to), () => clock.enter(arrive))
  }

  part(one: End, other: End): void {
    this.#parted.add(pairOf(one, other))
  }

  isParted(one: End, other: End): boolean {
    return this.#parted.has(pairOf(one, other))
  }

  /** How long a message that is not lost is on its way. */
  wayMs(): number {
    const { from, to } = this.weather.delayMs
    return from + Math.floor(this.random.next() * (to - from + 1))
  }

  /** Ends every partition. */
  healAll(): void {
    this.#parted.clear()
  }

  /** Ends a partition. */
  heal(one: End, other: End): void {
    this.#parted.delete(pairOf(one, other))
  }

  #delay(from: End, to: End): number {
    const { ordered } = this.weather
    const delay = this.wayMs()
    if (!ordered) return delay
    const way = `${from.name}>${to.name}`
    const at = Math.max(this.time.now() + delay, this.#newest.get(way) ?? 0)
    this.#newest.set(way, at)
    return at - this.time.now()
  }
}

function pairOf(one: End, other: End): string {
  return one.name < other.name ? `${one.name}|${other.name}` : `${other.name}|${one.name}`
}
