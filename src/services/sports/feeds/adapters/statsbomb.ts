import { z } from 'zod'
import { otherSide, type Pair, type Period, type Player, periods, type Side } from '../../model/index.ts'
import type { Recording } from '../recording.ts'
import { type Fact, Notes } from './notes.ts'

const named = z.object({ id: z.number(), name: z.string() })
const position = named.optional()
const card = named.optional()
const lineupEntry = z.object({ player: named, position, jersey_number: z.number().optional() })

const eventSchema = z.object({
  id: z.string(),
  index: z.number(),
  period: z.int().min(1).max(5),
  timestamp: z.string().regex(/^\d\d:\d\d:\d\d(\.\d+)?$/),
  type: named,
  possession_team: named.optional(),
  team: named,
  player: named.optional(),
  location: z.array(z.number()).min(2).optional(),
  tactics: z.object({ formation: z.number().optional(), lineup: z.array(lineupEntry) }).optional(),
  pass: z.object({ type: named.optional(), outcome: named.optional(), recipient: named.optional() }).optional(),
  shot: z
    .object({
      statsbomb_xg: z.number().optional(),
      key_pass_id: z.string().optional(),
      outcome: named,
      type: named,
      body_part: named.optional(),
    })
    .optional(),
  goalkeeper: z.object({ type: named, outcome: named.optional() }).optional(),
  substitution: z.object({ replacement: named }).optional(),
  foul_committed: z.object({ card, penalty: z.boolean().optional() }).optional(),
  bad_behaviour: z.object({ card }).optional(),
})

const lineupSchema = z.array(
  z.object({
    team_id: z.number(),
    team_name: z.string(),
    lineup: z.array(
      z.object({
        player_id: z.number(),
        player_name: z.string(),
        player_nickname: z.string().nullish(),
        jersey_number: z.number().optional(),
      }),
    ),
  }),
)

type Event = z.output<typeof eventSchema>
type Squads = z.output<typeof lineupSchema>

/** The longest that one event can stand for possession, in seconds: treatment of an injury takes about as long. */
const stepSecMax = 120

/** Whether a document is a StatsBomb event file. */
export function isStatsBomb(document: unknown): boolean {
  return Array.isArray(document) && z.object({ possession_team: named, play_pattern: named }).safeParse(document[0]).success
}

/**
 * Reads a StatsBomb event file, with its file of line-ups where that is there. The first team whose line-up it tells is the one at home.
 * @throws ZodError where it is something else
 */
export function fromStatsBomb(id: string, document: unknown, lineups?: unknown): Recording {
  const events = z
    .array(eventSchema)
    .parse(document)
    .toSorted((a, b) => a.index - b.index)
  return new StatsBombReader(id, events, lineups === undefined ? [] : lineupSchema.parse(lineups)).read()
}

class StatsBombReader {
  readonly #home: number
  readonly #teams: Pair<string>
  readonly #notes: Notes
  readonly #nicknames: ReadonlyMap<number, string>
  readonly #passers: ReadonlyMap<string, Player>
  readonly #totals = { home: emptyTotals(), away: emptyTotals() }

  constructor(
    id: string,
    readonly events: readonly Event[],
    readonly squads: Squads,
  ) {
    const starting = events.filter(({ type }) => type.name === 'Starting XI').map(({ team }) => team)
    const teams = starting.length > 1 ? starting : events.map(({ team }) => team)
    const home = teams[0]
    const away = teams.find(team => team.id !== home?.id)
    this.#home = home?.id ?? 0
    this.#teams = { home: home?.name ?? 'Home', away: away?.name ?? 'Away' }
    this.#nicknames = new Map(
      squads.flatMap(({ lineup }) => lineup.map(player => [player.player_id, player.player_nickname ?? player.player_name])),
    )
    this.#passers = new Map(
      events.flatMap(event => (event.type.name === 'Pass' && event.player ? [[event.id, this.#playerOf(event.player)]] : [])),
    )
    const lengths = new Map<Period, number>()
    for (const event of events) lengths.set(periodOf(event), Math.max(lengths.get(periodOf(event)) ?? 0, secondsOf(event)))
    this.#notes = new Notes({ id, prefix: 'sb', teams: this.#teams, lengths })
  }

  read(): Recording {
    const whistles = new Set<string>()
    this.#possession()
    for (const event of this.events) {
      this.#count(event)
      const kind = { 'Half Start': 'period_start', 'Half End': 'period_end' }[event.type.name]
      // Each team has a whistle of its own.
      const isFirst = !whistles.has(`${kind} ${event.period}`)
      if ((kind === 'period_start' || kind === 'period_end') && isFirst) {
        whistles.add(`${kind} ${event.period}`)
        this.#notes.whistle(kind, event.id, periodOf(event), secondsOf(event))
      } else if (event.type.name === 'Starting XI') this.#lineup(event)
      else for (const [suffix, fact] of this.#factsOf(event)) this.#note(event, suffix, fact)
    }
    const { home, away } = this.#teams
    return this.#notes.finish({ league: 'replay', competition: 'StatsBomb open data', home: { name: home }, away: { name: away } })
  }

  #note(event: Event, suffix: string, fact: Fact): void {
    this.#notes.add(event.id + suffix, fact, { period: periodOf(event), sec: secondsOf(event), seq: event.index })
  }

  #lineup({ id, team, tactics }: Event): void {
    const starters = tactics?.lineup ?? []
    const squad = this.squads.find(({ team_id }) => team_id === team.id)?.lineup ?? []
    const bench = squad
      .filter(({ player_id }) => !starters.some(({ player }) => player.id === player_id))
      .map(player => ({ ...this.#playerOf({ id: player.player_id, name: player.player_name }), number: player.jersey_number }))
    const formation = tactics?.formation === undefined ? undefined : [...String(tactics.formation)].join('-')
    this.#notes.lineup(
      id,
      this.#sideOf(team),
      starters.map(({ player, position, jersey_number }) => ({
        ...this.#playerOf(player),
        position: position?.name,
        number: jersey_number,
      })),
      { bench, formation },
    )
  }

  /** What an event comes to, each with what makes its id differ from that of the event. */
  #factsOf(event: Event): [suffix: string, fact: Fact][] {
    const { type, team, player } = event
    const base = {
      period: periodOf(event),
      team: this.#sideOf(team),
      players: player === undefined ? [] : [this.#playerOf(player)],
      ...(event.location === undefined ? {} : { xy: percentOf(event.location) }),
    }
    switch (type.name) {
      case 'Shot':
        return this.#shotFacts(event, base)
      case 'Own Goal Against':
        return [['', { ...base, kind: 'goal', data: { how: 'own' } }]]
      case 'Foul Committed':
        return this.#foulFacts(event, base)
      case 'Bad Behaviour':
        return cardFact(event.bad_behaviour?.card, base)
      case 'Substitution':
        if (event.substitution === undefined) return []
        return [['', { ...base, kind: 'substitution', players: [this.#playerOf(event.substitution.replacement), ...base.players] }]]
      case 'Offside':
        return [['', { ...base, kind: 'offside' }]]
      case 'Injury Stoppage':
        return [['', { ...base, kind: 'injury' }]]
      case 'Pass':
        return this.#passFacts(event, base)
      case 'Goal Keeper':
        return /^(Shot Saved|Penalty Saved|Save)/.test(event.goalkeeper?.type.name ?? '') ? [['', { ...base, kind: 'save' }]] : []
      default:
        return []
    }
  }

  /** A corner may be played to somebody who is offside: the recipient is, and not the passer. */
  #passFacts({ pass }: Event, base: Base): [string, Fact][] {
    const corner: [string, Fact][] = pass?.type?.name === 'Corner' ? [['', { ...base, kind: 'corner' }]] : []
    if (pass?.outcome?.name !== 'Pass Offside') return corner
    const players = pass.recipient === undefined ? [] : [this.#playerOf(pass.recipient)]
    return [...corner, [':offside', { ...base, kind: 'offside', players }]]
  }

  #shotFacts({ period, shot }: Event, base: Base): [string, Fact][] {
    if (shot === undefined) return []
    const { outcome, type, body_part, key_pass_id } = shot
    const isGoal = outcome.name === 'Goal'
    const isSaved = outcome.name.startsWith('Saved')
    if (period === 5) {
      return [['', { ...base, kind: 'kick', period: 'shootout', data: { outcome: isGoal ? 'scored' : isSaved ? 'saved' : 'missed' } }]]
    }
    if (isGoal) {
      const passer = this.#passers.get(key_pass_id ?? '')
      const byType = type.name === 'Penalty' ? 'penalty' : type.name === 'Free Kick' ? 'free_kick' : undefined
      const how = byType ?? (body_part?.name === 'Head' ? 'header' : 'play')
      return [['', { ...base, kind: 'goal', players: passer === undefined ? base.players : [...base.players, passer], data: { how } }]]
    }
    const shotFact: Fact = { ...base, kind: 'shot', data: { outcome: shotOutcome(outcome.name) } }
    if (type.name !== 'Penalty') return [['', shotFact]]
    return [
      ['', { ...base, kind: 'penalty_missed', data: { outcome: isSaved ? 'saved' : 'missed' } }],
      [':shot', shotFact],
    ]
  }

  #foulFacts({ foul_committed: foul }: Event, base: Base): [string, Fact][] {
    const penalty: [string, Fact][] =
      foul?.penalty === true ? [[':penalty', { ...base, kind: 'penalty', team: otherSide(base.team), players: [] }]] : []
    return [['', { ...base, kind: 'foul' }], ...cardFact(foul?.card, base, ':card'), ...penalty]
  }

  /** Figures that no single event tells. */
  #count(event: Event): void {
    const side = this.#sideOf(event.team)
    const at = { period: periodOf(event), sec: secondsOf(event) }
    const own = this.#totals[side]
    if (event.type.name === 'Pass') {
      own.passes++
      if (event.pass?.outcome === undefined) own.completed++
      this.#notes.figure(side, 'passes', own.passes, at)
      this.#notes.figure(side, 'pass_accuracy', Math.round((own.completed / own.passes) * 100), at)
    }
    if (event.shot?.statsbomb_xg !== undefined && event.period !== 5) {
      own.xg += event.shot.statsbomb_xg
      this.#notes.figure(side, 'xg', Math.round(own.xg * 100) / 100, at)
    }
  }

  /**
   * Who had the ball, by the time from each event to the next of its period. Some events carry a time before their neighbour's, so that they are
   * put in order first, and a step is bounded: a time that is wrong must not count for the rest of a half.
   */
  #possession(): void {
    const inTime = this.events.toSorted((a, b) => a.period - b.period || secondsOf(a) - secondsOf(b) || a.index - b.index)
    const { home, away } = this.#totals
    for (const [index, event] of inTime.entries()) {
      const next = inTime[index + 1]
      if (next?.period !== event.period || event.possession_team === undefined) continue
      this.#totals[this.#sideOf(event.possession_team)].heldSec += Math.min(stepSecMax, secondsOf(next) - secondsOf(event))
      if (home.heldSec + away.heldSec === 0) continue
      const at = { period: periodOf(event), sec: secondsOf(event) }
      const share = Math.round((home.heldSec / (home.heldSec + away.heldSec)) * 100)
      this.#notes.figure('home', 'possession', share, at)
      this.#notes.figure('away', 'possession', 100 - share, at)
    }
  }

  #sideOf({ id }: { readonly id: number }): Side {
    return id === this.#home ? 'home' : 'away'
  }

  #playerOf({ id, name }: { readonly id: number; readonly name: string }): Player {
    return { id: `sb:${id}`, name: this.#nicknames.get(id) ?? name }
  }
}

interface Base {
  readonly period: Period
  readonly team: Side
  readonly players: Player[]
  readonly xy?: [number, number]
}

const emptyTotals = () => ({ passes: 0, completed: 0, xg: 0, heldSec: 0 })

function cardFact(card: { readonly name: string } | undefined, base: Base, suffix = ''): [string, Fact][] {
  const kind = { 'Yellow Card': 'yellow', 'Second Yellow': 'second_yellow', 'Red Card': 'red' }[card?.name ?? '']
  return kind === 'yellow' || kind === 'second_yellow' || kind === 'red' ? [[suffix, { ...base, kind: 'card', data: { card: kind } }]] : []
}

function shotOutcome(name: string): 'saved' | 'missed' | 'blocked' | 'post' {
  if (name === 'Blocked') return 'blocked'
  if (name === 'Post') return 'post'
  return name === 'Saved' || name === 'Saved to Post' ? 'saved' : 'missed'
}

function periodOf({ period }: Event): Period {
  return periods[period - 1] ?? 'first_half'
}

/** Seconds into the period. */
function secondsOf({ timestamp }: Event): number {
  const [hours = 0, minutes = 0, seconds = 0] = timestamp.split(':').map(Number)
  return hours * 3600 + minutes * 60 + seconds
}

/** StatsBomb's field is 120 by 80. */
function percentOf([x = 0, y = 0]: readonly number[]): [number, number] {
  return [Math.round((x / 120) * 1000) / 10, Math.round((y / 80) * 1000) / 10]
}
