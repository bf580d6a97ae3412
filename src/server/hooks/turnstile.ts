/** Lets a number through at a time; the rest wait in the order in which they came, up to a bound. */
export class Turnstile {
  readonly #waiting: (() => void)[] = []
  #inside = 0

  constructor(
    readonly insideMax: number,
    readonly waitingMax: number,
  ) {}

  /** Resolves when it is one's turn, after which one must `leave`; undefined where too many wait already. */
  enter(): Promise<void> | undefined {
    if (this.#inside < this.insideMax) {
      this.#inside++
      return Promise.resolve()
    }
    if (this.#waiting.length >= this.waitingMax) return undefined
    return new Promise(resolve => this.#waiting.push(resolve))
  }

  leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#inside--
    else next()
  }
}
