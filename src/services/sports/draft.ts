import { CommandError, errors } from '../../protocol/index.ts'
import type { Deletion, Given } from './batch.ts'
import { limits } from './limits.ts'
import type { Change, Match, Seen, Shown } from './match.ts'
import { type EventOf, type MatchEvent, priorityOf } from './model/index.ts'
import { findSame } from './same-happening.ts'

/**
 * What a batch makes of a match, before it is kept. A revision is taken if it is newer than what the same feed said before (sports S2). Where
 * several feeds tell of one happening, viewers are told once: the newer revision counts among feeds that share ids, the more trusted feed among
 * those that do not, unless it has fallen silent (sports S7).
 */
export class Draft {
  readonly #shown = new Map<string, Shown>()
  readonly #seen = new Map<string, Seen>()
  readonly #version: number
  /** What this feed has told of, made where another feed's word must be found for it. */
  #told: Set<string> | undefined

  constructor(
    readonly match: Match,
    readonly source: string,
    readonly nowUtcMs: number,
  ) {
    this.#version = match.version + 1
    if (!match.seen.has(source) && match.seen.size >= limits.sourcesMax)
      throw new CommandError(errors.limitExceeded, `at most ${limits.sourcesMax} feeds of one game`)
  }

  change(): Change {
    const isUrgent = [...this.#shown.values()].some(({ version }) => version === this.#version)
    return { version: isUrgent ? this.#version : this.match.version, shown: this.#shown, seen: [...this.#seen.values()] }
  }

  /** Lets what this feed said before take the place of what feeds said that have fallen silent since. */
  promote(): void {
    for (const seen of this.match.seen.get(this.source)?.values() ?? []) {
      const shown = this.match.shown.get(seen.key)
      if (seen.waiting === undefined || shown === undefined || !this.#isSilent(shown)) continue
      const { waiting, ...rest } = seen
      this.#seen.set(seen.id, rest)
      this.#show(seen.key, waiting, seen)
    }
  }

  take(given: Given): void {
    const before = this.#seenOf(given.id)
    if (before !== undefined && given.rev <= before.rev) return
    if (before === undefined) this.#checkRoom()
    const key = before?.key ?? this.#keyFor(given)
    const shown = this.#shownAt(key)
    const event = this.#complete(given, shown?.event)
    this.#told?.add(key)
    const seen = { source: this.source, id: given.id, rev: given.rev, key }
    if (shown !== undefined && !this.#prevails(seen, shown)) {
      this.#seen.set(given.id, this.#sharesId(seen, shown) ? seen : { ...seen, waiting: event })
      return
    }
    this.#seen.set(given.id, seen)
    this.#show(key, event, seen)
  }

  /** Changes what viewers know, if it is not what they know already. */
  #show(key: string, event: MatchEvent, { id, rev }: Seen): void {
    const shown = this.#shownAt(key)
    const word = { source: this.source, sourceId: id, sourceRev: rev }
    if (shown !== undefined && this.#isSame(shown, event)) {
      this.#shown.set(key, { ...shown, ...word })
      return
    }
    // A deletion of what nobody was told of is only remembered.
    const isNews = shown !== undefined || event.state !== 'deleted'
    // What was a goal and is a shot now must be told as fast as a goal.
    const isUrgent = [event, shown?.event].some(one => one !== undefined && priorityOf(one) === 'urgent')
    const version = isNews && isUrgent ? this.#version : (shown?.version ?? 0)
    const revised = { ...event, id: key, rev: shown === undefined ? rev : Math.max(rev, shown.event.rev + 1) }
    this.#shown.set(key, { event: revised, version, ...word })
  }

  #prevails(seen: Seen, shown: Shown): boolean {
    if (shown.source === this.source) return true
    const isMoreTrusted = this.match.rankOf(this.source) < this.match.rankOf(shown.source)
    if (this.#sharesId(seen, shown)) return seen.rev > shown.sourceRev || (seen.rev === shown.sourceRev && isMoreTrusted)
    return isMoreTrusted || this.#isSilent(shown)
  }

  /** Feeds that use the same id for one happening are two ways to one provider, whose revisions can be compared. */
  #sharesId({ id }: Seen, shown: Shown): boolean {
    return id === shown.sourceId
  }

  #isSilent({ source }: Shown): boolean {
    return source !== this.source && this.match.isSilent(source, this.nowUtcMs)
  }

  /** Whether viewers would see no difference. A feed that is trusted less does not get to spell things its own way. */
  #isSame({ event: known, source }: Shown, event: MatchEvent): boolean {
    const isOther = source !== this.source && this.match.rankOf(this.source) > this.match.rankOf(source)
    return isOther ? essence(known) === essence(event) : content(known) === content(event)
  }

  #complete(given: Given, known: MatchEvent | undefined): MatchEvent {
    const tIngest = this.nowUtcMs
    if (isBare(given)) {
      const { id, rev, state, tEvent = this.nowUtcMs } = given
      if (known === undefined) return { id, rev, state, kind: 'unknown', seq: 0, players: [], tEvent, tIngest }
      return { ...known, rev, state, tIngest }
    }
    const seq = given.seq === 0 ? (known?.seq ?? this.match.shown.size + this.#shown.size + 1) : given.seq
    const tEvent = given.tEvent === 0 ? (known?.tEvent ?? this.nowUtcMs) : given.tEvent
    return { ...given, seq, tEvent, tIngest }
  }

  /** Under which id viewers know the event of a feed: its own, unless another feed told of the same happening, or uses the id for another one. */
  #keyFor(given: Given): string {
    const others = this.match.seen.size - (this.match.seen.has(this.source) ? 1 : 0)
    if (others === 0) return given.id
    const same = this.#shownAt(given.id)
    if (same !== undefined && (isBare(given) || same.event.kind === given.kind || same.event.kind === 'unknown')) return given.id
    if (!isBare(given)) {
      this.#told ??= new Set([...this.#seenOfSource()].map(({ key }) => key))
      const told = this.#told
      const candidates = this.match.events.filter(({ id }) => !told.has(id) && this.#shownAt(id)?.source !== this.source)
      const found = findSame(candidates, given)
      if (found !== undefined) return found.id
    }
    return same === undefined ? given.id : `${this.source}:${given.id}`
  }

  #seenOf(id: string): Seen | undefined {
    return this.#seen.get(id) ?? this.match.seen.get(this.source)?.get(id)
  }

  *#seenOfSource(): Generator<Seen> {
    yield* this.match.seen.get(this.source)?.values() ?? []
    yield* this.#seen.values()
  }

  #shownAt(key: string): Shown | undefined {
    return this.#shown.get(key) ?? this.match.shown.get(key)
  }

  #checkRoom(): void {
    const count = (this.match.seen.get(this.source)?.size ?? 0) + this.#seen.size
    if (count >= limits.eventsMax) throw new CommandError(errors.limitExceeded, `at most ${limits.eventsMax} events of one game`)
  }
}

/** Whether a deletion says no more than what it deletes. */
function isBare(given: Given): given is Deletion | EventOf<'unknown'> {
  return !('kind' in given) || given.kind === 'unknown'
}

/** Everything that viewers are told of an event, but for how it is counted and when it came in. */
function content({ rev: _, tIngest: __, id: ___, ...event }: MatchEvent): string {
  return stable(event)
}

/** What happened, however it is spelled and to the minute alone. */
function essence(event: MatchEvent): string {
  const { kind, state } = event
  const place = kind === 'unknown' ? {} : { period: event.period, team: 'team' in event ? event.team : undefined, data: event.data }
  const names = event.players.length
  return stable({ kind, state: state === 'review' ? 'provisional' : state, names: Math.min(names, 1), ...place })
}

/** JSON with its keys in order, so that it does not matter in which a feed writes them. */
function stable(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}
