import { CommandError, errors } from '../../protocol/index.ts'
import type { Deletion, Given } from './batch.ts'
import { groupOf } from './event-matcher.ts'
import { limits } from './limits.ts'
import type { Match, MatchChange, Seen, Shown } from './match.ts'
import { Merge } from './merge.ts'
import { type EventOf, isAnchor, type MatchEvent, priorityOf, setsGoing } from './model/index.ts'

/**
 * What a batch makes of a match, before it is kept. A revision is taken if it is newer than what the same provider said before (sports S2).
 * Where several providers tell of one event, viewers are told once, by the most trusted provider that has not fallen silent (sports S7).
 */
export class Draft {
  readonly provider: string
  readonly #shown = new Map<string, Shown>()
  readonly #seen = new Map<string, Map<string, Seen>>()
  /** The groups of events that the batch touches, each with what it touches in them. */
  readonly #touched = new Map<string, Seen[]>()
  readonly #version: number
  readonly #conflicts = new Set<string>()
  #added = 0
  /** The board is told at once, without the shot that shows that play goes on. */
  #movesClock = false

  constructor(
    readonly match: Match,
    source: string,
    readonly nowUtcMs: number,
  ) {
    this.provider = match.providerOf(source)
    this.#version = match.version + 1
    if (!match.seen.has(this.provider) && match.seen.size >= limits.sourcesMax)
      throw new CommandError(errors.limitExceeded, `at most ${limits.sourcesMax} feeds of one game`)
  }

  take(given: Given): void {
    const before = this.seenAt(this.provider, given.id)
    if (before !== undefined && given.rev <= before.rev) {
      if (given.rev === before.rev && content(this.#complete(given, before.event)) !== content(before.event)) this.#conflicts.add(given.id)
      return
    }
    if (before === undefined) this.#checkRoom()
    const event = this.#complete(given, before?.event)
    const seen: Seen = { source: this.provider, id: given.id, rev: given.rev, key: before?.key ?? '', event }
    this.note(seen)
    if (before === undefined) this.#added++
    this.#touch(groupOf(event), seen)
    if (before !== undefined) this.#touch(groupOf(before.event))
  }

  change(): MatchChange {
    const silent = this.#silentProviders()
    const merge = new Merge(this, silent)
    // Who is silent decides whose word counts, and line-ups decide who is who: in all that was told.
    if (silent.join() !== this.match.silent.join() || this.#touched.has('lineup')) for (const group of this.#groups()) this.#touch(group)
    for (const [group, touched] of this.#touched) merge.group(group, touched)
    merge.references()
    const isUrgent = this.#movesClock || [...this.#shown.values()].some(({ version }) => version === this.#version)
    const seen = [...this.#seen.values()].flatMap(ofProvider => [...ofProvider.values()])
    return { version: isUrgent ? this.#version : this.match.version, shown: this.#shown, seen, silent, conflicts: [...this.#conflicts] }
  }

  /** Every provider that was heard of this match, the most trusted first. */
  get providers(): readonly string[] {
    const heard = new Set([...this.match.seen.keys(), ...this.#seen.keys()])
    return [...heard].toSorted((a, b) => this.match.rankOf(a) - this.match.rankOf(b))
  }

  *seenOf(provider: string): Generator<Seen> {
    const changed = this.#seen.get(provider)
    for (const seen of this.match.seen.get(provider)?.values() ?? []) if (!changed?.has(seen.id)) yield seen
    yield* changed?.values() ?? []
  }

  seenAt(provider: string, id: string): Seen | undefined {
    return this.#seen.get(provider)?.get(id) ?? this.match.seen.get(provider)?.get(id)
  }

  shownAt(key: string): Shown | undefined {
    return this.#shown.get(key) ?? this.match.shown.get(key)
  }

  note(seen: Seen): void {
    const ofProvider = this.#seen.get(seen.source)
    if (ofProvider === undefined) this.#seen.set(seen.source, new Map([[seen.id, seen]]))
    else ofProvider.set(seen.id, seen)
  }

  /** Changes what viewers know under a key, if it is not what they know already. */
  show(key: string, event: MatchEvent, { source, id, rev }: Seen): void {
    const shown = this.shownAt(key)
    const word = { source, sourceId: id, sourceRev: rev }
    if (shown !== undefined && this.#isSame(shown, event, source)) {
      if (shown.source !== source || shown.sourceId !== id || shown.sourceRev !== rev) this.#shown.set(key, { ...shown, ...word })
      return
    }
    // A deletion of what nobody was told of is only remembered.
    const isNews = shown !== undefined || event.state !== 'deleted'
    // What was a goal and is a shot now must be told as fast as a goal.
    const isUrgent = [event, shown?.event].some(one => one !== undefined && priorityOf(one) === 'urgent')
    const { clock } = this.match.board
    if (setsGoing(clock, event) || (shown !== undefined && isAnchor(clock, shown.event))) this.#movesClock = true
    const version = isNews && isUrgent ? this.#version : (shown?.version ?? 0)
    const revised = { ...event, id: key, rev: shown === undefined ? rev : Math.max(rev, shown.event.rev + 1) }
    this.#shown.set(key, { event: revised, version, ...word })
  }

  /** Whether viewers would see no difference. A provider that is trusted less does not get to spell things its own way. */
  #isSame({ event: known, source: from }: Shown, event: MatchEvent, source: string): boolean {
    const isOther = source !== from && this.match.rankOf(source) > this.match.rankOf(from)
    return isOther ? essence(known) === essence(event) : content(known) === content(event)
  }

  #touch(group: string, seen?: Seen): void {
    const touched = this.#touched.get(group) ?? []
    this.#touched.set(group, touched)
    if (seen !== undefined) touched.push(seen)
  }

  #groups(): Set<string> {
    return new Set(this.providers.flatMap(provider => [...this.seenOf(provider)].map(({ event }) => groupOf(event))))
  }

  /** Who speaks is not silent, and nobody is while there is nobody else. */
  #silentProviders(): readonly string[] {
    return this.providers.filter(provider => provider !== this.provider && this.match.isSilent(provider, this.nowUtcMs))
  }

  #complete(given: Given, known: MatchEvent | undefined): MatchEvent {
    const tIngest = this.nowUtcMs
    if (isBare(given)) {
      const { id, rev, state, tEvent = this.nowUtcMs } = given
      if (known === undefined) return { id, rev, state, kind: 'unknown', seq: 0, players: [], tEvent, tIngest }
      return { ...known, rev, state, tIngest }
    }
    const seq = given.seq === 0 ? (known?.seq ?? this.#countOfAll + 1) : given.seq
    const tEvent = given.tEvent === 0 ? (known?.tEvent ?? this.nowUtcMs) : given.tEvent
    return { ...given, seq, tEvent, tIngest }
  }

  get #count(): number {
    return (this.match.seen.get(this.provider)?.size ?? 0) + this.#added
  }

  /** Of all providers: what one tells after another has told more is still the later. */
  get #countOfAll(): number {
    let count = this.#added
    for (const ofProvider of this.match.seen.values()) count += ofProvider.size
    return count
  }

  #checkRoom(): void {
    if (this.#count >= limits.eventsMax) throw new CommandError(errors.limitExceeded, `at most ${limits.eventsMax} events of one game`)
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
