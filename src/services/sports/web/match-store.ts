import { batch, type Signal, signal } from '@preact/signals'
import { LiveStream, type Pub, type Subscribed } from '../../../web/index.ts'
import { gameMessageSchema, isLive, type MatchEvent, type Snapshot, snapshotSchema } from '../model/index.ts'
import { announce } from './announcement.ts'
import { applyMessage, hasGap, joinSnapshot, type MatchView, newEvents } from './match-view.ts'
import { ServerTime } from './server-time.ts'

/** A goal that has just been seen as it happened. */
export interface Celebration {
  readonly event: MatchEvent & { readonly kind: 'goal' }
  readonly view: MatchView
}

/** The demo says every 15 s that a match is still followed; 2.5 times that is too long. */
const silenceMs = 37_500
const celebrationMs = 4000
const noticeMs = 6000

/** The state of a match page, fed by the stream of its channel. */
export class MatchStore {
  readonly view: Signal<MatchView | undefined> = signal(undefined)
  readonly missing: Signal<boolean> = signal(false)
  readonly celebration: Signal<Celebration | undefined> = signal(undefined)
  /** What was caught up after the connection had been lost, in words. */
  readonly notice: Signal<string> = signal('')
  /** What a screen reader should say. */
  readonly spoken: Signal<string> = signal('')
  readonly stream: LiveStream
  readonly time: ServerTime

  constructor(game: string) {
    this.stream = new LiveStream({
      channels: [`sports:game_${game}`],
      subscribed: (_, entry) => batch(() => this.#begin(entry)),
      published: (_, pub) => batch(() => this.#celebrate(this.#apply(pub))),
      silenceMs,
    })
    this.time = new ServerTime(this.stream.link)
  }

  /** What was missed comes first as publications; the snapshot is as new or newer and joins them. */
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
    const missed = newEvents(before, this.view.value ?? current)
    if (missed.length > 0) this.#say(this.notice, missed.length === 1 ? 'Caught up on 1 event' : `Caught up on ${missed.length} events`)
    this.spoken.value = announce(missed, this.view.value ?? current)
  }

  #join(snapshot: Snapshot): MatchView {
    this.time.learn(snapshot.serverUtcMs)
    const view = joinSnapshot(this.view.value, snapshot)
    this.view.value = view
    return view
  }

  /** Answers what is new. What was missed is old by now, and says nothing about the time at the server. */
  #apply(pub: Pub, current = true): MatchEvent[] {
    const parsed = gameMessageSchema.safeParse(pub.data)
    if (!parsed.success) return []
    const message = parsed.data
    if (current && 'serverUtcMs' in message) this.time.learn(message.serverUtcMs)
    if (current && message.type === 'kickoff') this.time.learn(message.snapshot.serverUtcMs)
    const before = this.view.value
    if (before === undefined) {
      if (message.type === 'kickoff') this.#join(message.snapshot)
      return []
    }
    const after = applyMessage(before, message)
    this.view.value = after
    // The stream promises that this never happens; a page that showed a wrong score would not know.
    if (!hasGap(before) && hasGap(after)) this.stream.restart()
    return newEvents(before, after)
  }

  #celebrate(events: readonly MatchEvent[]): void {
    const view = this.view.value
    if (view === undefined || events.length === 0) return
    this.spoken.value = announce(events, view)
    const goal = events.findLast(event => event.kind === 'goal' && isLive(event))
    if (goal?.kind !== 'goal') return
    const celebration = { event: goal, view }
    this.celebration.value = celebration
    setTimeout(() => {
      if (this.celebration.value === celebration) this.celebration.value = undefined
    }, celebrationMs)
  }

  #say(target: Signal<string>, text: string): void {
    target.value = text
    setTimeout(() => {
      if (target.value === text) target.value = ''
    }, noticeMs)
  }
}
