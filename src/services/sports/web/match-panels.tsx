import { countingGoals, eventMinute, isDismissal, isLive, type MatchEvent, type Player, type Side, samePlayer } from '../model/index.ts'
import { BallIcon, CardIcon } from './event-icon.tsx'
import { lineupOf, type MatchView } from './match-view.ts'

/** Sentences about the match, newest first. */
export function Commentary({ view }: { readonly view: MatchView }) {
  const lines = view.text.flatMap(line => (line.kind === 'commentary' && isLive(line) ? [line] : []))
  if (lines.length === 0) return <p class="nothing">No commentary yet.</p>
  return (
    <ol class="commentary">
      {lines.toReversed().map(line => (
        <li key={line.id}>
          <b class="numeral">{line.data.label ?? eventMinute(line)}</b>
          <p>{line.data.text}</p>
        </li>
      ))}
    </ol>
  )
}

/** Figures in the order in which they are shown, with their names. What is not among them comes last under its own. */
const figures: ReadonlyMap<string, string> = new Map([
  ['goals', 'Goals'],
  ['xg', 'Expected goals'],
  ['possession', 'Possession %'],
  ['passes_share', 'Share of passes %'],
  ['shots', 'Shots'],
  ['shots_on_target', 'Shots on target'],
  ['passes', 'Passes'],
  ['pass_accuracy', 'Pass accuracy %'],
  ['corners', 'Corners'],
  ['penalty_goals', 'From the spot'],
  ['saves', 'Saves'],
  ['fouls', 'Fouls'],
  ['offsides', 'Offside'],
  ['yellow_cards', 'Yellow cards'],
  ['red_cards', 'Red cards'],
  ['substitutions', 'Substitutions'],
])

/** Figures of both sides against each other. */
export function StatsPanel({ view }: { readonly view: MatchView }) {
  const known = [...figures.keys()]
  const place = (name: string) => (figures.has(name) ? known.indexOf(name) : known.length)
  const rows = Object.entries(view.stats).toSorted(([a], [b]) => place(a) - place(b))
  return (
    <table class="stats">
      <caption class="visually-hidden">Statistics</caption>
      <thead class="visually-hidden">
        <tr>
          <th scope="col">{view.game.home.name}</th>
          <th scope="col">What</th>
          <th scope="col">{view.game.away.name}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(([name, { home, away }]) => (
          <tr key={name} style={{ '--share': home + away === 0 ? 0.5 : home / (home + away) }} data-empty={home + away === 0}>
            <td class="numeral">{figure(home)}</td>
            <th scope="row">{figures.get(name) ?? name.replaceAll('_', ' ')}</th>
            <td class="numeral">{figure(away)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function figure(value: number): string {
  return Number.isInteger(value) ? `${value}` : value.toFixed(value < 10 ? 2 : 1)
}

/** Who began, who came on for whom, and what they did. */
export function Lineups({ view }: { readonly view: MatchView }) {
  const known = (['home', 'away'] as const).some(team => lineupOf(view, team).lineup.length + lineupOf(view, team).bench.length > 0)
  if (!known) return <p class="nothing">The line-ups are not known yet.</p>
  return (
    <div class="lineups">
      <TeamSheet view={view} team="home" />
      <TeamSheet view={view} team="away" />
    </div>
  )
}

function TeamSheet({ view, team }: { readonly view: MatchView; readonly team: Side }) {
  const { name, coach } = view.game[team]
  const { lineup, bench, formation } = lineupOf(view, team)
  const events = view.events.filter(event => isLive(event) && 'team' in event && event.team === team)
  const entered = events.flatMap(event => (event.kind === 'substitution' ? event.players.slice(0, 1) : []))
  const numbered = entered.map(player => bench.find(other => samePlayer(other, player)) ?? player)
  const waiting = bench.filter(player => !entered.some(other => samePlayer(other, player)))
  return (
    <div>
      <h3>{name}</h3>
      {formation === undefined ? null : <p class="formation numeral">{formation}</p>}
      <Players players={lineup} events={events} view={view} />
      {numbered.length === 0 ? null : <h4>Came on</h4>}
      <Players players={numbered} events={events} view={view} />
      {waiting.length === 0 ? null : <h4>{lineup.length === 0 ? 'Squad' : 'Bench'}</h4>}
      <Players players={waiting} events={events} view={view} />
      {coach === undefined ? null : <h4>Coach: {coach}</h4>}
    </div>
  )
}

interface PlayersProps {
  readonly players: readonly Player[]
  readonly events: readonly MatchEvent[]
  readonly view: MatchView
}

function Players({ players, events, view }: PlayersProps) {
  return (
    <ul>
      {players.map(player => (
        <PlayerRow key={player.id ?? player.name} player={player} events={events} view={view} />
      ))}
    </ul>
  )
}

function PlayerRow({ player, events, view }: { readonly player: Player } & Omit<PlayersProps, 'players'>) {
  const goals = countingGoals(view.events).filter(
    goal => events.includes(goal) && samePlayer(goal.players[0], player) && goal.data.how !== 'own',
  )
  const cards = events.flatMap(event => (event.kind === 'card' && samePlayer(event.players[0], player) ? [event] : []))
  const swaps = events.filter(event => event.kind === 'substitution')
  const on = swaps.find(event => samePlayer(event.players[0], player))
  const off = swaps.find(event => samePlayer(event.players[1], player))
  return (
    <li data-off={off !== undefined}>
      <span class="number numeral">{player.number ?? ''}</span>
      <span class="player">{player.name}</span>
      <span class="deeds">
        {goals.map(goal => (
          <span key={goal.id}>
            <BallIcon />
            <span class="visually-hidden">Goal {eventMinute(goal)}</span>
          </span>
        ))}
        {cards.map(card => (
          <span key={card.id}>
            <CardIcon card={card.data.card === 'yellow' && isDismissal(card, view.events) ? 'second_yellow' : card.data.card} />
            <span class="visually-hidden">Card {eventMinute(card)}</span>
          </span>
        ))}
        {on === undefined ? null : <span class="on numeral">▲ {eventMinute(on)}</span>}
        {off === undefined ? null : <span class="off numeral">▼ {eventMinute(off)}</span>}
      </span>
    </li>
  )
}
