import { batch, effect, type ReadonlySignal, type Signal, signal } from '@preact/signals'
import { LiveStream, type Pub, type Subscribed } from '../../../web/index.ts'
import {
  countingGoals,
  type EventOf,
  type GameMessage,
  gameMessageSchema,
  type MatchEvent,
  type Shot,
  type Snapshot,
  snapshotSchema,
} from '../model/index.ts'
import { announce } from './announcement.ts'
import { askedDelay, whenDelayChanges } from './delay.ts'
import { applyMessage, hasGapBefore, joinSnapshot, type MatchView, newEvents } from './match-view.ts'
import { ServerTime } from './server-time.ts'
import { ShotsStore } from './shots-store.ts'

/** A goal that has just been seen as it happened. */
export interface Celebration {
  readonly event: EventOf<'goal'>
  readonly view: MatchView
}

/** The server says every 15 s that a match is still followed; 2.5 times that is too long. */
const silenceMs = 37_500
const celebrationMs = 4000
const noticeMs = 6000

/** The state of a match page, fed by the stream of its channel. */
export class MatchStore {
  readonly view: Signal<MatchView | undefined> = signal(undefined)
  readonly missing: Signal<boolean> = signal(false)
  readonly celebration: Signal<Celebration | undefined> = signal(undefined)
  /** What needs a word of its own: what was caught up, a goal that was taken back, a score that was corrected. */
  readonly notice: Signal<string> = signal('')
  /** What a screen reader should say. */
  readonly spoken: Signal<string> = signal('')
  readonly stream: LiveStream
  readonly time: ServerTime
  /** Shots whose places are known. */
  readonly shots: ReadonlySignal<readonly Shot[]>

  constructor(game: string) {
    const shots = new ShotsStore(game)
    this.shots = shots.shots
    effect(() => {
      if (this.view.value !== undefined) shots.follow(this.view.value)
    })
    this.stream = new LiveStream({
      channels: [`sports:game_${game}`],
      subscribed: (_, entry) => batch(() => this.#begin(entry)),
      published: (_, pub) => batch(() => this.#follow(pub)),
      delay: askedDelay,
      silenceMs,
    })
    this.time = new ServerTime(this.stream.link)
    whenDelayChanges(() => batch(() => this.#beginAnew()))
  }

  /** What was missed comes as publications or as a snapshot, never as both. */
  #begin(entry: Subscribed): void {
    if (entry.error !== undefined) {
      this.missing.value = true
      return
    }
    const before = this.view.value
    this.missing.value = false
    this.time.restart()
    const snapshot = snapshotSchema.safeParse(entry.data)
    const current = snapshot.success ? this.#join(snapshot.data) : before
    for (const pub of entry.publications ?? []) this.#apply(pub, false)
    if (before === undefined || current === undefined) return
    const after = this.view.value ?? current
    const missed = newEvents(before, after)
    if (missed.length > 0) this.#say(missed.length === 1 ? 'Caught up on 1 event' : `Caught up on ${missed.length} events`)
    this.spoken.value = announce(missed, before, after)
  }

  /** What was seen is ahead of what is to be shown now, or behind it. */
  #beginAnew(): void {
    this.view.value = undefined
    this.celebration.value = undefined
    this.notice.value = ''
    this.spoken.value = ''
    this.stream.restart()
  }

  #join(snapshot: Snapshot): MatchView {
    this.time.learn(snapshot.serverUtcMs)
    const view = joinSnapshot(this.view.value, snapshot)
    this.view.value = view
    return view
  }

  #follow(pub: Pub): void {
    const before = this.view.value
    this.#apply(pub)
    const after = this.view.value
    if (before !== undefined && after !== undefined && after !== before) this.#tell(before, after)
  }

  /** What was missed is old by now, and says nothing about the time at the server. */
  #apply(pub: Pub, current = true): void {
    const parsed = gameMessageSchema.safeParse(pub.data)
    if (!parsed.success) return
    const message = parsed.data
    if (current) this.#learn(message)
    const before = this.view.value
    if (before === undefined) {
      if (message.type === 'snapshot') this.#join(message.snapshot)
      return
    }
    this.view.value = applyMessage(before, message)
    // The stream promises that this never happens; a page that showed a wrong score would not know.
    if (hasGapBefore(before, message)) this.stream.restart()
  }

  #learn(message: GameMessage): void {
    if (message.type === 'snapshot') this.time.learn(message.snapshot.serverUtcMs)
    else if ('serverUtcMs' in message) this.time.learn(message.serverUtcMs)
  }

  #tell(before: MatchView, after: MatchView): void {
    const events = newEvents(before, after)
    if (events.length === 0) return
    this.spoken.value = announce(events, before, after)
    const known = new Set(countingGoals(before.events).map(({ id }) => id))
    const counting = countingGoals(after.events)
    const taken = before.events.find(event => known.has(event.id) && !counting.some(({ id }) => id === event.id))
    if (taken !== undefined) this.#say(takenBack(taken, after))
    else if (isCorrection(before, after)) this.#say(`Corrected: ${scoreText(after)}`)
    // A goal that is taken back while it is celebrated is celebrated no longer.
    const celebrated = this.celebration.value?.event.id
    if (celebrated !== undefined && !counting.some(({ id }) => id === celebrated)) this.celebration.value = undefined
    const goal = counting.findLast(({ id }) => !known.has(id))
    if (goal !== undefined && before.run === after.run) this.#celebrate({ event: goal, view: after })
  }

  #celebrate(celebration: Celebration): void {
    this.celebration.value = celebration
    setTimeout(() => {
      if (this.celebration.value === celebration) this.celebration.value = undefined
    }, celebrationMs)
  }

  #say(text: string): void {
    this.notice.value = text
    setTimeout(() => {
      if (this.notice.value === text) this.notice.value = ''
    }, noticeMs)
  }
}

function takenBack(event: MatchEvent, after: MatchView): string {
  const now = after.events.find(({ id }) => id === event.id)
  return `${now?.state === 'deleted' ? 'Goal deleted' : 'Goal overturned'}: ${scoreText(after)}`
}

/** The score changed without a new goal: one counts for the other side, or the result was set. */
function isCorrection(before: MatchView, after: MatchView): boolean {
  const same = before.board.score.home === after.board.score.home && before.board.score.away === after.board.score.away
  return before.run === after.run && !same && countingGoals(after.events).length <= countingGoals(before.events).length
}

function scoreText({ game, board }: MatchView): string {
  return `${game.home.name} ${board.score.home}–${board.score.away} ${game.away.name}`
}
