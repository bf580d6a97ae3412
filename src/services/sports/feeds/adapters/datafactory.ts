import { otherSide, type Pair, type Period, type Player, periods, type Side } from '../../model/index.ts'
import type { Recording } from '../recording.ts'
import {
  cards,
  clockOf,
  coach,
  type DataFactoryDocument,
  documentSchema,
  ends,
  goalkeeper,
  goals,
  halvesToTheRight,
  type Incidence,
  kicks,
  matchEnd,
  missedPenalties,
  passes,
  penaltyFouls,
  percentOf,
  placeOf,
  positionOf,
  quantity,
  shots,
  starts,
} from './datafactory-file.ts'
import { type Fact, Notes } from './notes.ts'

/**
 * Reads a DataFactory match file. The file counts its own revisions, so everything in it has that one: a later file of the same match changes
 * what is different in it, and nothing else.
 * @throws ZodError where it is something else
 */
export function fromDataFactory(id: string, document: unknown): Recording {
  return new DataFactoryReader(id, documentSchema.parse(document)).read()
}

interface Entry {
  readonly id: string
  readonly name: string
  readonly incidence: Incidence
}

class DataFactoryReader {
  readonly #players: ReadonlyMap<number, Player & { readonly team: number }>
  readonly #names: Pair<string>
  readonly #notes: Notes
  readonly #entries: readonly Entry[]
  readonly #last: Period
  readonly #homeToTheRight: ReadonlySet<number>
  readonly #totals = { home: { passes: 0, correct: 0 }, away: { passes: 0, correct: 0 } }

  constructor(
    id: string,
    readonly document: DataFactoryDocument,
  ) {
    const { match, teams, players, incidences } = document
    const nameOf = (team: number) => teams[team]?.name ?? `Team ${team}`
    this.#names = { home: nameOf(match.homeTeamId), away: nameOf(match.awayTeamId) }
    this.#players = new Map(
      Object.entries(players).map(([key, { name, squadNo, teamId, posnId }]) => {
        const full = name.shortName ?? name.nick ?? [name.first, name.last].filter(Boolean).join(' ')
        const position = positionOf(posnId)
        const shirt = { ...(squadNo ? { number: squadNo } : {}), ...(position === undefined ? {} : { position }) }
        return [Number(key), { id: `df:${key}`, name: full, ...shirt, team: teamId }]
      }),
    )
    // What is a goal is told among the shots once more.
    const entries = Object.entries(incidences).flatMap(([name, byId]) =>
      Object.entries(byId).map(([key, incidence]) => ({ id: key, name, incidence })),
    )
    this.#entries = entries
      .filter(({ name, incidence }) => name !== 'shots' || goals[incidence.type] === undefined)
      .toSorted(
        (a, b) => a.incidence.t.half - b.incidence.t.half || clockOf(a.incidence) - clockOf(b.incidence) || Number(a.id) - Number(b.id),
      )
    this.#homeToTheRight = halvesToTheRight(
      entries.map(({ incidence }) => incidence),
      match.homeTeamId,
    )
    const lengths = new Map<Period, number>([['first_half', 0]])
    for (const { incidence } of this.#entries) {
      const { period, sec } = placeOf(incidence)
      lengths.set(period, Math.max(lengths.get(period) ?? 0, sec))
    }
    this.#last = periods.findLast(period => lengths.has(period)) ?? 'first_half'
    const isCutOff = !this.#entries.some(({ name, incidence }) => name === 'status' && incidence.type === matchEnd)
    this.#notes = new Notes({ id, prefix: 'df', teams: this.#names, lengths, rev: match.revision ?? 1, isCutOff })
  }

  read(): Recording {
    this.#lineups()
    for (const entry of this.#entries) this.#read(entry)
    for (const deleted of this.document.deletedIncidences) this.#notes.deleted(String(deleted))
    const possession = quantity.safeParse(this.document.summary.ballPossesion)
    if (possession.success) {
      const at = { period: this.#last, sec: this.#lengthOfLast }
      this.#notes.figure('home', 'possession', possession.data.homeQty ?? 0, at)
      this.#notes.figure('away', 'possession', possession.data.awayQty ?? 0, at)
    }
    return this.#notes.finish(this.#game())
  }

  get #lengthOfLast(): number {
    return Math.max(
      0,
      ...this.#entries.map(({ incidence }) => placeOf(incidence)).map(({ period, sec }) => (period === this.#last ? sec : 0)),
    )
  }

  #read({ id, name, incidence }: Entry): void {
    // Ids rise with time and stay as they are when the file grows or shrinks.
    const at = { ...placeOf(incidence), seq: /^\d{1,15}$/.test(id) ? Number(id) : 0 }
    if (name === 'status') {
      this.#whistle(id, incidence)
      return
    }
    this.#count(incidence, at)
    const isTold = id in this.document.commentary
    for (const [suffix, fact] of this.#factsOf(incidence, at.period)) this.#notes.add(id + suffix, fact, at, isTold && suffix === '')
    const other = isTold ? this.#otherSentence(name, incidence) : undefined
    if (other !== undefined) this.#notes.say(id, other, at)
  }

  #whistle(id: string, incidence: Incidence): void {
    const { type } = incidence
    const start = starts[type]
    if (start !== undefined) this.#notes.whistle('period_start', id, start, 0)
    const end = type === matchEnd ? this.#last : ends[type]
    if (end !== undefined) this.#notes.whistle('period_end', id, end, placeOf(incidence).sec)
  }

  /** What an incidence comes to, each with what makes its id differ from that of the incidence. */
  #factsOf(incidence: Incidence, period: Period): [suffix: string, fact: Fact][] {
    const { type, plyrId, recvId, assBy, inId, offId, ctchBy } = incidence
    const team = this.#sideOf(incidence)
    if (team === undefined) return []
    const base = {
      period,
      team,
      players: this.#named(plyrId),
      ...this.#placeOn(incidence, team),
    }
    const how = goals[type]
    if (how !== undefined) return [['', { ...base, kind: 'goal', players: this.#named(plyrId, assBy), data: { how } }]]
    const card = cards[type]
    if (card !== undefined) return [['', { ...base, kind: 'card', data: { card } }]]
    const kick = kicks[type]
    if (kick !== undefined) return [['', { ...base, kind: 'kick', period: 'shootout', data: { outcome: kick } }]]
    const shot = this.#isBlocked(incidence) ? 'blocked' : shots[type]
    if (shot !== undefined) {
      const saved: [string, Fact][] =
        shot === 'saved' ? [[':save', { ...base, kind: 'save', team: otherSide(team), players: this.#named(ctchBy) }]] : []
      return [['', { ...base, kind: 'shot', data: { outcome: shot } }], ...saved]
    }
    const missed = missedPenalties[type]
    if (missed !== undefined) {
      return [
        ['', { ...base, kind: 'penalty_missed', data: { outcome: missed } }],
        [':shot', { ...base, kind: 'shot', data: { outcome: type === 45 ? 'post' : missed } }],
      ]
    }
    return this.#lesserFacts(type, base, { on: this.#named(inId, offId), foul: this.#named(plyrId, recvId) })
  }

  /** A shot that somebody other than a goalkeeper stopped. */
  #isBlocked({ type, ctchBy }: Incidence): boolean {
    const position = this.document.players[ctchBy ?? -1]?.posnId
    return shots[type] === 'saved' && position !== undefined && position !== null && position !== goalkeeper
  }

  #lesserFacts(type: number, base: Base, players: { readonly on: Player[]; readonly foul: Player[] }): [string, Fact][] {
    switch (type) {
      case 7:
        return [['', { ...base, kind: 'substitution', players: players.on }]]
      case 28:
        return [['', { ...base, kind: 'corner' }]]
      case 31:
      case 32:
      case 36:
      case 37: {
        const penalty: Fact = { ...base, kind: 'penalty', team: otherSide(base.team), players: [] }
        const foul: Fact = { ...base, kind: 'foul', players: players.foul }
        return penaltyFouls.has(type)
          ? [
              ['', foul],
              [':penalty', penalty],
            ]
          : [['', foul]]
      }
      case 47:
        return [['', { ...base, kind: 'offside' }]]
      default:
        return []
    }
  }

  /** The commentary of the file tells of some things that are no events here. */
  #otherSentence(name: string, incidence: Incidence): string | undefined {
    const side = this.#sideOf(incidence)
    const team = side === undefined ? '' : this.#names[side]
    const who = this.#named(incidence.plyrId)[0]?.name ?? team
    switch (name) {
      case 'throwIn':
        return `Throw-in for ${team}, taken by ${who}.`
      case 'goalkick':
        return `Goal kick for ${team}.`
      case 'clearances':
        return incidence.type === 30 ? `${who} (${team}) clears at the cost of a corner.` : `${who} (${team}) clears.`
      case 'nutmegs':
        return `${who} (${team}) puts the ball between the legs of ${this.#named(incidence.recvId)[0]?.name ?? 'an opponent'}.`
      default:
        return undefined
    }
  }

  #count({ type, ...incidence }: Incidence, at: { readonly period: Period; readonly sec: number }): void {
    const side = this.#sideOf({ type, ...incidence })
    const isCorrect = passes[type]
    if (side === undefined || isCorrect === undefined) return
    const own = this.#totals[side]
    own.passes++
    if (isCorrect) own.correct++
    this.#notes.figure(side, 'passes', own.passes, at)
    this.#notes.figure(side, 'pass_accuracy', Math.round((own.correct / own.passes) * 100), at)
  }

  #lineups(): void {
    const { players, match } = this.document
    for (const [side, team] of [
      ['home', match.homeTeamId],
      ['away', match.awayTeamId],
    ] as const) {
      const squad = Object.entries(players)
        .filter(([, { teamId, posnId }]) => teamId === team && posnId !== coach)
        .toSorted(([, a], [, b]) => (a.order ?? 99) - (b.order ?? 99))
      const of = (isSubstitute: boolean) =>
        squad.flatMap(([key, { substitute }]) => ((substitute ?? false) === isSubstitute ? this.#named(Number(key)) : []))
      if (squad.length > 0) this.#notes.lineup(`lineup:${side}`, side, of(false), { bench: of(true) })
    }
  }

  #game(): Recording['game'] {
    const { match, teams, venueInformation } = this.document
    const day = /^(\d{4})(\d\d)(\d\d)$/.exec(match.date ?? '')
    const coachOf = (key: number) =>
      Object.entries(this.document.players).find(([, { teamId, posnId }]) => teamId === key && posnId === coach)?.[0]
    const team = (key: number, name: string) => {
      const [trainer] = this.#named(Number(coachOf(key)))
      const { initials, colors } = teams[key] ?? {}
      const known = [colors?.color, colors?.path1_color].flatMap(value => (/^#[0-9a-fA-F]{6}$/.test(value ?? '') ? [value ?? ''] : []))
      return {
        name,
        ...(initials ? { code: initials.slice(0, 4) } : {}),
        ...(known.length > 0 ? { colors: known } : {}),
        coach: trainer?.name,
      }
    }
    return {
      league: 'replay',
      competition: match.competition ?? match.league ?? '',
      round: match.week ?? '',
      date: day === null ? '' : `${day[1]}-${day[2]}-${day[3]}`,
      venue: venueInformation?.venue?.stadium?.stadiumName ?? '',
      home: team(match.homeTeamId, this.#names.home),
      away: team(match.awayTeamId, this.#names.away),
    }
  }

  #placeOn({ coord, t }: Incidence, side: Side): { readonly xy?: [number, number] } {
    const at = coord?.['1']
    return at === undefined ? {} : { xy: percentOf(at, this.#homeToTheRight.has(t.half) === (side === 'home')) }
  }

  /** The side of an incidence; some are told without their team, and the player says it. */
  #sideOf({ team, plyrId }: Incidence): Side | undefined {
    const id = team ?? this.#players.get(plyrId ?? -1)?.team
    if (id === undefined) return undefined
    return id === this.document.match.homeTeamId ? 'home' : 'away'
  }

  #named(...ids: readonly (number | undefined)[]): Player[] {
    return ids.flatMap(id => {
      const known = this.#players.get(id ?? -1)
      if (known === undefined) return []
      const { team: _, ...player } = known
      return [player]
    })
  }
}

interface Base {
  readonly period: Period
  readonly team: Side
  readonly players: Player[]
  readonly xy?: [number, number]
}
