import { countingGoals, gameMessageSchema, reduceBoard, scoreOf, snapshotSchema } from '../../src/services/sports/model/index.ts'
import { applyMessage, hasGapBefore, joinSnapshot, type MatchView } from '../../src/services/sports/web/match-view.ts'
import { FetchedStream, type StreamEvent, until } from '../kit/index.ts'

/**
 * A viewer of one game over its event stream, which keeps what a page would show and notes what must never happen: a goal that counts after
 * its deletion was told, a board that is not what its events amount to, a gap.
 */
export class Follower implements Disposable {
  view: MatchView | undefined
  /** How often the board changed. */
  updates = 0
  readonly faults: string[] = []
  #stream: FetchedStream | undefined
  #read = 0
  /** By the revision that took them back: a later one may have brought them again, in a snapshot too. */
  readonly #gone = new Map<string, number>()

  constructor(
    readonly url: string,
    readonly game: string,
    /** What else its stream's address says, like `&delay=10s`. */
    readonly query = '',
  ) {}

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
      const snapshot = snapshotSchema.safeParse(sub.data)
      if (snapshot.success) this.view = joinSnapshot(this.view, snapshot.data)
      else if (sub.recovered !== true) this.faults.push('neither recovered nor given a snapshot')
      for (const publication of sub.publications ?? []) this.#apply(publication.data)
      this.#check()
    }
    for (const { pub } of batch ?? [push]) if (pub !== undefined) this.#apply(pub.data)
  }

  #apply(data: unknown): void {
    const message = gameMessageSchema.parse(data)
    const before = this.view
    if (before === undefined) {
      this.faults.push(`${message.type} before a snapshot`)
      return
    }
    if (hasGapBefore(before, message)) this.faults.push(`a gap before ${message.type} at version ${before.board.version}`)
    this.view = applyMessage(before, message)
    if (message.type !== 'events') return
    this.updates++
    for (const { id, rev, state } of message.events) {
      if (state === 'deleted' || state === 'overturned') this.#gone.set(id, Math.max(rev, this.#gone.get(id) ?? 0))
    }
    this.#check()
  }

  #check(): void {
    if (this.view === undefined) return
    const { board, events } = this.view
    const counting = countingGoals(events)
    for (const { id, rev } of counting) if (rev <= (this.#gone.get(id) ?? 0)) this.faults.push(`${id} counts though it was taken back`)
    const counted = scoreOf(counting)
    if (counted.home !== board.score.home || counted.away !== board.score.away)
      this.faults.push(`the board says ${JSON.stringify(board.score)}, its goals ${JSON.stringify(counted)}`)
    const cards = reduceBoard(events).cards
    if (JSON.stringify(cards) !== JSON.stringify(board.cards)) this.faults.push('the cards of the board are not those of its events')
  }
}
