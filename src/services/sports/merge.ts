import type { Draft } from './draft.ts'
import { type Compare, groupOf, isMatchable, matchEvents } from './event-matcher.ts'
import type { Seen } from './match.ts'
import { isLive, isOver, type MatchEvent } from './model/index.ts'
import { Squads } from './squads.ts'

/** One thing that happened, with what providers say of it: the one that counts most first, at most one word that is live of each. */
interface Occurrence {
  readonly words: Seen[]
  key: string
}

/** Statuses that say no more than the periods do. */
const plain: ReadonlySet<string> = new Set(['scheduled', 'live', 'half_time'])

/**
 * Joins what the providers of a match say into what viewers are told. Where only one provider is heard, each of its events stands for itself.
 * With several, all events of a group (goals, cards, kicks) are matched anew whenever one of them changes, so that an event that is taken back
 * and told again, told late or corrected never leaves its double behind.
 */
export class Merge {
  /** Providers by how much their word counts: the silent after all others. */
  readonly #providers: readonly string[]
  readonly #compare: Compare

  constructor(
    readonly draft: Draft,
    readonly silent: readonly string[],
  ) {
    const { providers } = draft
    const squads = new Squads(draft)
    this.#compare = (a, b, place) => squads.compare(a, b, place)
    this.#providers = [...providers.filter(one => !silent.includes(one)), ...providers.filter(one => silent.includes(one))]
  }

  /** Matches a group and shows what changed in it. `touched` is what the batch said of it. */
  group(group: string, touched: readonly Seen[]): void {
    if (this.#providers.length < 2 || !isMatchable(group)) {
      for (const seen of touched) this.#tell({ words: [this.#latest(seen)], key: '' }, new Set())
      return
    }
    const words = this.#providers.flatMap(provider => [...this.draft.seenOf(provider)].filter(({ event }) => groupOf(event) === group))
    const occurrences = this.#occurrencesOf(group, words)
    const used = new Set<string>()
    for (const occurrence of occurrences) if (!this.#isDenied(occurrence, occurrences)) this.#tell(occurrence, used)
    this.#takeBack(group, words, used)
  }

  /** Reviews and verdicts name events by their provider's ids: viewers know them by others. */
  references(): void {
    for (const provider of this.#providers) {
      for (const seen of this.draft.seenOf(provider)) {
        if (seen.event.ref === undefined) continue
        const shown = this.draft.shownAt(seen.key)
        if (shown?.source === provider && shown.sourceId === seen.id) this.#show(seen.key, seen)
      }
    }
  }

  #occurrencesOf(group: string, words: readonly Seen[]): readonly Occurrence[] {
    const occurrences: Occurrence[] = []
    const live = words.filter(({ event }) => isLive(event))
    for (const provider of this.#providers) this.#join(group, occurrences, live.filter(isOf(provider)))
    // Then what was taken back, which counts for those who would still tell of it.
    for (const provider of this.#providers) {
      const withdrawn = words.filter(isOf(provider)).filter(({ event }) => !isLive(event))
      const rest = withdrawn.filter(word => !attach(word, occurrences))
      const open = occurrences.filter(({ words }) => !words.some(isOf(provider)) && words.every(word => this.#outranks(provider, word)))
      this.#join(group, occurrences, rest, open)
    }
    for (const { words } of occurrences) words.sort((a, b) => this.#place(a) - this.#place(b))
    return occurrences
  }

  /** Adds a provider's words to the happenings that they are about; the others are happenings of their own. */
  #join(group: string, occurrences: Occurrence[], words: readonly Seen[], open: readonly Occurrence[] = [...occurrences]): void {
    const told = open.flatMap(({ words: [first] }) => first ?? [])
    const pairs = new Map(matchEvents(group, told, words, this.#compare).map(([left, right]) => [right, left]))
    for (const [index, word] of words.entries()) {
      const occurrence = open[pairs.get(index) ?? -1]
      if (occurrence === undefined) occurrences.push({ words: [word], key: '' })
      else occurrence.words.push(word)
    }
  }

  /** A word that another provider overruled while this one was silent counts least. */
  #place({ source, overruled }: Seen): number {
    return this.#providers.indexOf(source) + (overruled ? this.#providers.length : 0)
  }

  #outranks(provider: string, word: Seen): boolean {
    return this.#providers.indexOf(provider) < this.#place(word)
  }

  /** Whether a provider that counts more says something else: that it was no such event, or that the match is over. */
  #isDenied({ words }: Occurrence, occurrences: readonly Occurrence[]): boolean {
    const [word] = words
    if (word === undefined || !isLive(word.event)) return false
    if (word.event.kind === 'status' && !isOver(word.event.data.status) && this.#isOverFor(word, occurrences)) return true
    if (word.event.kind === 'status' && plain.has(word.event.data.status)) return false
    const shown = this.draft.shownAt(word.key)
    if (shown === undefined || shown.source === word.source || this.silent.includes(shown.source)) return false
    const said = this.draft.seenAt(shown.source, shown.sourceId)
    return said !== undefined && said.key === word.key && groupOf(said.event) !== groupOf(word.event) && this.#outranks(shown.source, word)
  }

  /** Whether a provider that is trusted more has called the match over. It has nothing to add then, so that its silence says nothing. */
  #isOverFor(word: Seen, occurrences: readonly Occurrence[]): boolean {
    const { match } = this.draft
    return occurrences.some(({ words: [other] }) => {
      if (other === undefined || other.event.kind !== 'status' || !isLive(other.event) || other.source === word.source) return false
      return isOver(other.event.data.status) && match.rankOf(other.source) < match.rankOf(word.source)
    })
  }

  #tell(occurrence: Occurrence, used: Set<string>): void {
    const [word] = occurrence.words
    if (word === undefined) return
    occurrence.key = this.#keyFor(occurrence, used)
    used.add(occurrence.key)
    for (const one of occurrence.words) {
      const overruled = one.overruled || this.#isOverruled(one, word)
      if (one.key !== occurrence.key || overruled !== (one.overruled ?? false))
        this.draft.note({ ...one, key: occurrence.key, ...(overruled ? { overruled } : {}) })
    }
    this.#show(occurrence.key, this.#latest(word))
  }

  #isOverruled(one: Seen, counted: Seen): boolean {
    const { match } = this.draft
    const isSilenced = this.silent.includes(one.source) && match.rankOf(one.source) < match.rankOf(counted.source)
    return isSilenced && isLive(one.event) !== isLive(counted.event)
  }

  /** The id that viewers know already, else the provider's own, unless that means something else. */
  #keyFor({ words }: Occurrence, used: ReadonlySet<string>): string {
    const known = words.map(({ key }) => key).filter(key => key !== '' && !used.has(key) && this.#isFree(key, words))
    const isTold = (key: string) => {
      const event = this.draft.shownAt(key)?.event
      return event !== undefined && event.kind !== 'unknown' && isLive(event)
    }
    const kept = known.find(isTold) ?? known[0]
    if (kept !== undefined) return kept
    const { source = '', id = '' } = words[0] ?? {}
    const isNew = (key: string) => !used.has(key) && this.draft.shownAt(key) === undefined
    const full = ownKey(source, id)
    let key = isNew(id) ? id : full
    for (let count = 2; !isNew(key); count++) key = `${full}:${count}`
    return key
  }

  /** Whether the key is not taken by an event of another group. */
  #isFree(key: string, words: readonly Seen[]): boolean {
    const shown = this.draft.shownAt(key)
    if (shown === undefined || words.some(({ source, id }) => source === shown.source && id === shown.sourceId)) return true
    const owner = this.draft.seenAt(shown.source, shown.sourceId)
    const group = words[0] === undefined ? '' : groupOf(words[0].event)
    return owner === undefined || owner.key !== key || groupOf(owner.event) === group || owner.event.kind === 'unknown'
  }

  /** What viewers were told of under a key that nothing stands for any more. */
  #takeBack(group: string, words: readonly Seen[], used: ReadonlySet<string>): void {
    for (const { key, ...word } of words) {
      const shown = key === '' || used.has(key) ? undefined : this.draft.shownAt(key)
      if (shown === undefined || groupOf(shown.event) !== group || shown.event.state === 'deleted') continue
      this.draft.show(key, { ...shown.event, state: 'deleted', tIngest: this.draft.nowUtcMs }, { key, ...word })
    }
  }

  #show(key: string, word: Seen): void {
    const { ref } = word.event
    const about = ref === undefined ? undefined : this.draft.seenAt(word.source, ref)?.key
    const event: MatchEvent = about === undefined || about === ref ? word.event : { ...word.event, ref: about }
    this.draft.show(key, event, word)
  }

  #latest({ source, id, ...rest }: Seen): Seen {
    return this.draft.seenAt(source, id) ?? { source, id, ...rest }
  }
}

/** An id may be 128 characters long; this leaves room for a count. */
const keyMax = 120

function ownKey(source: string, id: string): string {
  const full = `${source}:${id}`
  return full.length <= keyMax ? full : `${full.slice(0, keyMax - 16).toWellFormed()}~${Bun.hash(full).toString(36)}`
}

function isOf(provider: string): (word: Seen) => boolean {
  return ({ source }) => source === provider
}

/** Puts a word that was taken back where it stood before, unless its provider has told the same anew. */
function attach(word: Seen, occurrences: readonly Occurrence[]): boolean {
  if (word.key === '') return false
  const about = occurrences.filter(({ words }) => words.some(other => other.key === word.key))
  const open = about.find(({ words }) => !words.some(isOf(word.source)))
  if (open !== undefined) open.words.push(word)
  // Told anew: nothing is left of this word.
  return about.length > 0
}
