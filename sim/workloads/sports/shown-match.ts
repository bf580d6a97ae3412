import { countingGoals, gameMessageSchema, reduceBoard, scoreOf, snapshotSchema } from '../../../src/services/sports/model/index.ts'
import { applyMessage, hasGapBefore, joinSnapshot, type MatchView } from '../../../src/services/sports/web/match-view.ts'

/**
 * One match as a page shows it, with what must never happen: a goal that counts after its deletion was told, a board that is not what its
 * events amount to, a gap.
 */
export class ShownMatch {
  view: MatchView | undefined
  /** How often the board changed. */
  updates = 0
  readonly faults: string[] = []
  /** By the revision that took them back: a later one may have brought them again, in a snapshot too. */
  readonly #gone = new Map<string, number>()

  /** @returns whether there was a snapshot */
  joined(snapshot: unknown): boolean {
    const { success, data } = snapshotSchema.safeParse(snapshot)
    if (success) this.view = joinSnapshot(this.view, data)
    return success
  }

  published(data: unknown): void {
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
    this.check()
  }

  check(): void {
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
