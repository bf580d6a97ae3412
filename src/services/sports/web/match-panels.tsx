import { isLive, type MatchEvent, minuteText, type Side } from '../model/index.ts'
import { BallIcon, CardIcon } from './event-icon.tsx'
import type { MatchView } from './match-view.ts'

/** Sentences about the match, newest first. */
export function Commentary({ view }: { readonly view: MatchView }) {
  if (view.text.length === 0) return <p class="nothing">No commentary yet.</p>
  return (
    <ol class="commentary">
      {view.text.toReversed().map(({ id, label, text }) => (
        <li key={id}>
          <b class="numeral">{label}</b>
          <p>{text}</p>
        </li>
      ))}
    </ol>
  )
}

/** Counts of both sides against each other. Only what follows from the events. */
export function StatsPanel({ view }: { readonly view: MatchView }) {
  const { home, away } = view.stats
  const rows = [
    ['Goals', home.goals, away.goals],
    ['From the spot', home.penaltyGoals, away.penaltyGoals],
    ['Yellow cards', home.yellowCards, away.yellowCards],
    ['Red cards', home.redCards, away.redCards],
    ['Substitutions', home.substitutions, away.substitutions],
    ['Shoot-out', home.kicksScored, away.kicksScored],
  ] as const
  const shown = rows.filter(([name, left, right]) => name === 'Goals' || name === 'Substitutions' || left + right > 0)
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
        {shown.map(([name, left, right]) => (
          <tr key={name} style={{ '--share': left + right === 0 ? 0.5 : left / (left + right) }} data-empty={left + right === 0}>
            <td class="numeral">{left}</td>
            <th scope="row">{name}</th>
            <td class="numeral">{right}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** Who began, who came on for whom, and what they did. */
export function Lineups({ view }: { readonly view: MatchView }) {
  return (
    <div class="lineups">
      <TeamSheet view={view} team="home" />
      <TeamSheet view={view} team="away" />
    </div>
  )
}

function TeamSheet({ view, team }: { readonly view: MatchView; readonly team: Side }) {
  const { name, lineup } = view.game[team]
  const events = view.events.filter(event => isLive(event) && 'team' in event && event.team === team)
  const entered = events.flatMap(event => (event.kind === 'substitution' ? [event.on] : []))
  return (
    <div>
      <h3>{name}</h3>
      <ul>
        {lineup.map(player => (
          <PlayerRow key={player.name} name={player.name} number={player.number} events={events} />
        ))}
      </ul>
      {entered.length === 0 ? null : <h4>Came on</h4>}
      <ul>
        {entered.map(player => (
          <PlayerRow key={player} name={player} events={events} />
        ))}
      </ul>
    </div>
  )
}

function PlayerRow({ name, number, events }: { readonly name: string; readonly number?: number; readonly events: readonly MatchEvent[] }) {
  const goals = events.filter(event => event.kind === 'goal' && event.player === name && event.how !== 'own')
  const cards = events.flatMap(event => (event.kind === 'card' && event.player === name ? [event] : []))
  const off = events.find(event => event.kind === 'substitution' && event.off === name)
  const on = events.find(event => event.kind === 'substitution' && event.on === name)
  return (
    <li data-off={off !== undefined}>
      <span class="number numeral">{number ?? ''}</span>
      <span class="player">{name}</span>
      <span class="deeds">
        {goals.map(goal => (
          <span key={goal.id}>
            <BallIcon />
            <span class="visually-hidden">Goal {minuteText(goal)}</span>
          </span>
        ))}
        {cards.map(card => (
          <span key={card.id}>
            <CardIcon card={card.card} />
            <span class="visually-hidden">Card {minuteText(card)}</span>
          </span>
        ))}
        {on === undefined ? null : <span class="on numeral">▲ {minuteText(on)}</span>}
        {off === undefined ? null : <span class="off numeral">▼ {minuteText(off)}</span>}
      </span>
    </li>
  )
}
