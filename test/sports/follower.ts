import { ShownMatch } from '../../sim/workloads/sports/shown-match.ts'
import { FetchedStream, type StreamEvent, until } from '../kit/index.ts'

/** A viewer of one game over its event stream. */
export class Follower extends ShownMatch implements Disposable {
  #stream: FetchedStream | undefined
  #read = 0

  constructor(
    readonly url: string,
    readonly game: string,
    /** What else its stream's address says, like `&delay=10s`. */
    readonly query = '',
  ) {
    super()
  }

  get channel(): string {
    return `sports:game_${this.game}`
  }

  /** Begins to follow, or goes on where it was. */
  connect(): void {
    const headers: Record<string, string> = this.#stream === undefined ? {} : { 'Last-Event-ID': this.#stream.lastEventId }
    this.#read = 0
    this.#stream = new FetchedStream(`${this.url}/sse?channel=${this.channel}${this.query}`, headers)
  }

  async connected(): Promise<void> {
    await this.#stream?.opened()
    this.read()
  }

  /** As when a phone goes through a tunnel. */
  drop(): void {
    this.read()
    this.#stream?.[Symbol.dispose]()
  }

  [Symbol.dispose](): void {
    this.#stream?.[Symbol.dispose]()
  }

  /** Takes in what has come. */
  read(): void {
    const events = this.#stream?.events ?? []
    for (; this.#read < events.length; this.#read++) {
      const event = events[this.#read]
      if (event !== undefined) this.#take(event.data)
    }
  }

  async reaches(version: number): Promise<void> {
    await until(`${this.game} is at version ${version}`, () => {
      this.read()
      return (this.view?.board.version ?? -1) >= version
    })
  }

  #take({ connect, batch, ...push }: StreamEvent): void {
    const sub = connect?.subs[this.channel]
    if (sub !== undefined) {
      if (!this.joined(sub.data) && sub.recovered !== true) this.faults.push('neither recovered nor given a snapshot')
      for (const publication of sub.publications ?? []) this.published(publication.data)
      this.check()
    }
    for (const { pub } of batch ?? [push]) if (pub !== undefined) this.published(pub.data)
  }
}
