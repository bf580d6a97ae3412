import { z } from 'zod'
import { otherSide, type Pair, type Period, type Player, type Side } from '../../model/index.ts'
import type { Recording } from '../recording.ts'
import { type Fact, Notes } from './notes.ts'

const eventSchema = z.object({
  id: z.number(),
  eventName: z.string(),
  subEventName: z.string().optional(),
  tags: z.array(z.object({ id: z.number() })),
  playerId: z.number(),
  teamId: z.number(),
  matchId: z.number(),
  matchPeriod: z.enum(['1H', '2H', 'E1', 'E2', 'P']),
  eventSec: z.number(),
  positions: z.array(z.object({ x: z.number(), y: z.number() })).optional(),
})
/** Some squads have an entry that is null, or one without a player. */
const playerSchema = z.object({
  player: z.object({ wyId: z.number(), shortName: z.string(), role: z.object({ name: z.string() }).optional() }).nullish(),
})
const documentSchema = z.object({
  events: z.array(eventSchema).min(1),
  teams: z.record(z.string(), z.object({ team: z.object({ wyId: z.number(), name: z.string() }) })),
  players: z.record(z.string(), z.array(playerSchema.nullish()).nullish()).default({}),
})

type Event = z.output<typeof eventSchema>
type WyscoutDocument = z.output<typeof documentSchema>

/** Tags of the public data set. */
const tags = { goal: 101, ownGoal: 102, assist: 301, accurate: 1801, blocked: 2101, red: 1701, yellow: 1702, secondYellow: 1703 } as const
/** Where a shot went: the woodwork around the goal. */
const woodwork = { from: 1217, to: 1223 } as const

const periodNames: Readonly<Record<Event['matchPeriod'], Period>> = {
  '1H': 'first_half',
  '2H': 'second_half',
  E1: 'extra_first',
  E2: 'extra_second',
  P: 'shootout',
}

/** Between a pass that is tagged as an assist and the goal. */
const assistSec = 20
/** Between two events that tell of one own goal. */
const sameGoalSec = 5

/** Whether a document is an event file of the public Wyscout data set. */
export function isWyscout(document: unknown): boolean {
  return z.object({ events: z.array(z.object({ matchPeriod: z.string() })).min(1), teams: z.object({}) }).safeParse(document).success
}

/** The team at home, which the file names first: numbers as keys lose their order when they are parsed. */
export function homeTeamIn(text: string): number | undefined {
  const id = /"teams"\s*:\s*\{\s*"(\d+)"/.exec(text)?.[1]
  return id === undefined ? undefined : Number(id)
}

/**
 * Reads an event file of the public Wyscout data set. It tells neither line-ups nor substitutions.
 * @param homeTeam id of the team at home; the one whose id is lower where it is not known
 * @throws ZodError where it is something else
 */
export function fromWyscout(id: string, document: unknown, homeTeam?: number): Recording {
  return new WyscoutReader(id, documentSchema.parse(document), homeTeam).read()
}

class WyscoutReader {
  readonly #homeTeam: number
  readonly #names: Pair<string>
  readonly #players: ReadonlyMap<number, Player>
  readonly #notes: Notes
  readonly #lengths = new Map<Period, number>()
  readonly #totals = { home: { passes: 0, accurate: 0 }, away: { passes: 0, accurate: 0 } }

  constructor(
    id: string,
    readonly document: WyscoutDocument,
    homeTeam: number | undefined,
  ) {
    const { events, teams, players } = document
    const all = Object.values(teams).map(({ team }) => team)
    const home = all.find(team => team.wyId === homeTeam) ?? all[0]
    const away = all.find(team => team !== home)
    this.#homeTeam = home?.wyId ?? 0
    this.#names = { home: home?.name ?? 'Home', away: away?.name ?? 'Away' }
    const squads = Object.values(players).flatMap(squad => squad?.flatMap(entry => entry?.player ?? []) ?? [])
    this.#players = new Map(
      squads.map(({ wyId, shortName, role }) => [wyId, { id: `ws:${wyId}`, name: readable(shortName), position: role?.name }]),
    )
    for (const event of events) {
      const period = periodNames[event.matchPeriod]
      this.#lengths.set(period, Math.max(this.#lengths.get(period) ?? 0, event.eventSec))
    }
    this.#notes = new Notes({ id, prefix: 'ws', teams: this.#names, lengths: this.#lengths })
  }

  read(): Recording {
    const { events, players } = this.document
    for (const [period, length] of this.#lengths) {
      this.#notes.whistle('period_start', `${period}:start`, period, 0)
      this.#notes.whistle('period_end', `${period}:end`, period, length)
    }
    for (const [index, event] of events.entries()) {
      const at = { period: periodNames[event.matchPeriod], sec: event.eventSec, seq: index + 1 }
      this.#count(event, at)
      for (const [suffix, fact] of this.#factsOf(event, index)) this.#notes.add(`${event.id}${suffix}`, fact, at)
    }
    const squad = (side: Side) =>
      Object.entries(players)
        .filter(([team]) => this.#sideOf(Number(team)) === side)
        .flatMap(([, members]) => members?.flatMap(entry => this.#players.get(entry?.player?.wyId ?? 0) ?? []) ?? [])
    return this.#notes.finish({
      league: 'replay',
      competition: 'Wyscout public data',
      home: { name: this.#names.home, bench: squad('home') },
      away: { name: this.#names.away, bench: squad('away') },
    })
  }

  /** What an event comes to, each with what makes its id differ from that of the event. */
  #factsOf(event: Event, index: number): [suffix: string, fact: Fact][] {
    const period = periodNames[event.matchPeriod]
    const player = this.#players.get(event.playerId)
    const place = event.positions?.[0]
    const base = {
      period,
      team: this.#sideOf(event.teamId),
      players: player === undefined ? [] : [player],
      ...(place === undefined ? {} : { xy: [place.x, place.y] as [number, number] }),
    }
    const facts = this.#playFacts(event, index, base)
    const card = has(event, tags.secondYellow)
      ? 'second_yellow'
      : has(event, tags.red)
        ? 'red'
        : has(event, tags.yellow)
          ? 'yellow'
          : undefined
    return card === undefined ? facts : [...facts, [':card', { ...base, kind: 'card', data: { card } }]]
  }

  #playFacts(event: Event, index: number, base: Base): [string, Fact][] {
    if (has(event, tags.ownGoal)) return this.#isToldBefore(event, index) ? [] : [['', { ...base, kind: 'goal', data: { how: 'own' } }]]
    if (isShot(event)) return this.#shotFacts(event, index, base)
    switch (event.eventName) {
      case 'Foul':
        return [['', { ...base, kind: 'foul' }]]
      case 'Offside':
        return [['', { ...base, kind: 'offside' }]]
      case 'Free Kick':
        return event.subEventName === 'Corner' ? [['', { ...base, kind: 'corner' }]] : []
      case 'Save attempt':
        // The attempt that was in vain carries the goal's tag too.
        return has(event, tags.goal) || base.period === 'shootout' ? [] : [['', { ...base, kind: 'save' }]]
      default:
        return []
    }
  }

  #shotFacts(event: Event, index: number, base: Base): [string, Fact][] {
    const isGoal = has(event, tags.goal)
    const isAccurate = has(event, tags.accurate)
    if (base.period === 'shootout') {
      return [['', { ...base, kind: 'kick', period: 'shootout', data: { outcome: isGoal ? 'scored' : isAccurate ? 'saved' : 'missed' } }]]
    }
    const isPenalty = event.subEventName === 'Penalty'
    if (isGoal) {
      const assist = this.#assistOf(event, index)
      const how = isPenalty ? 'penalty' : event.eventName === 'Free Kick' ? 'free_kick' : has(event, 403) ? 'header' : 'play'
      // Whoever comes first is the scorer, so that without one the pass cannot be told of.
      const players = assist === undefined || base.players.length === 0 ? base.players : [...base.players, assist]
      return [['', { ...base, kind: 'goal', players, data: { how } }]]
    }
    const isWood = event.tags.some(({ id }) => id >= woodwork.from && id <= woodwork.to)
    const outcome = has(event, tags.blocked) ? 'blocked' : isAccurate ? 'saved' : isWood ? 'post' : 'missed'
    const shot: Fact = { ...base, kind: 'shot', data: { outcome } }
    if (!isPenalty) return [['', shot]]
    return [
      ['', { ...base, kind: 'penalty_missed', data: { outcome: isAccurate ? 'saved' : 'missed' } }],
      [':shot', shot],
    ]
  }

  /** Whoever touched the ball last, and the goalkeeper after that, may both carry the tag of one own goal. */
  #isToldBefore(event: Event, index: number): boolean {
    return this.document.events
      .slice(Math.max(0, index - 10), index)
      .some(other => has(other, tags.ownGoal) && other.teamId === event.teamId && event.eventSec - other.eventSec < sameGoalSec)
  }

  /** Who gave the pass: the last one of the side that is tagged so, shortly before. */
  #assistOf(goal: Event, index: number): Player | undefined {
    const before = this.document.events.slice(Math.max(0, index - 40), index)
    const pass = before.findLast(
      event =>
        event.teamId === goal.teamId &&
        event.matchPeriod === goal.matchPeriod &&
        has(event, tags.assist) &&
        goal.eventSec - event.eventSec < assistSec,
    )
    return pass === undefined ? undefined : this.#players.get(pass.playerId)
  }

  #count(event: Event, at: { readonly period: Period; readonly sec: number }): void {
    if (event.eventName !== 'Pass') return
    const side = this.#sideOf(event.teamId)
    const own = this.#totals[side]
    own.passes++
    if (has(event, tags.accurate)) own.accurate++
    this.#notes.figure(side, 'passes', own.passes, at)
    this.#notes.figure(side, 'pass_accuracy', Math.round((own.accurate / own.passes) * 100), at)
    const { home, away } = this.#totals
    const share = Math.round((this.#totals[side].passes / (home.passes + away.passes)) * 100)
    this.#notes.figure(side, 'passes_share', share, at)
    this.#notes.figure(otherSide(side), 'passes_share', 100 - share, at)
  }

  #sideOf(team: number): Side {
    return team === this.#homeTeam ? 'home' : 'away'
  }
}

interface Base {
  readonly period: Period
  readonly team: Side
  readonly players: Player[]
  readonly xy?: [number, number]
}

function has({ tags }: Event, id: number): boolean {
  return tags.some(tag => tag.id === id)
}

function isShot({ eventName, subEventName }: Event): boolean {
  return eventName === 'Shot' || (eventName === 'Free Kick' && (subEventName === 'Penalty' || subEventName === 'Free kick shot'))
}

/** The data set writes letters beyond ASCII as escapes that were escaped once more. */
function readable(name: string): string {
  return name.replace(/\\u([0-9a-fA-F]{4})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
}
