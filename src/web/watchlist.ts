/** What a change of channels came to: taken, or the stream is not there (any more) as the page knows it. */
export type WatchlistOutcome = 'taken' | 'lost'

/** Asks the server for other channels. */
export type PostChange = (session: string, rev: number, channels: readonly string[]) => Promise<WatchlistOutcome>

/**
 * Which channels a page wants on its live stream. They change without a new connection; wishes that come while one is on its way are joined into
 * the next. A stream that the server does not know any more is opened anew with what is wanted.
 */
export class Watchlist {
  #wanted: readonly string[]
  #stream: { session: string; rev: number; channels: readonly string[] } | undefined
  #isAsking = false

  constructor(
    channels: readonly string[],
    readonly post: PostChange,
    readonly reopen: () => void,
  ) {
    this.#wanted = unique(channels)
  }

  /** The channels to open a stream with. */
  get channels(): readonly string[] {
    return this.#wanted
  }

  /** The stream is there, with these channels: those of its address, or those that it had when it broke off. */
  opened(session: string, rev: number, channels: readonly string[]): void {
    this.#stream = { session, rev, channels }
    void this.#converge()
  }

  want(channels: readonly string[]): void {
    this.#wanted = unique(channels)
    void this.#converge()
  }

  async #converge(): Promise<void> {
    if (this.#isAsking) return
    this.#isAsking = true
    for (let stream = this.#stream; stream !== undefined && !sameSet(stream.channels, this.#wanted); stream = this.#stream) {
      const wanted = this.#wanted
      const rev = stream.rev + 1
      const change = await this.post(stream.session, rev, wanted)
      // The stream may have been replaced meanwhile; the new one tells what it has.
      if (this.#stream !== stream) continue
      if (change === 'taken') this.#stream = { ...stream, rev, channels: wanted }
      else {
        this.#stream = undefined
        this.reopen()
      }
    }
    this.#isAsking = false
  }
}

function unique(channels: readonly string[]): readonly string[] {
  return [...new Set(channels)]
}

function sameSet(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every(channel => right.includes(channel))
}
