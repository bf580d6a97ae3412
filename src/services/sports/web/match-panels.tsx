import { eventMinute, isLive } from '../model/index.ts'
import { isToCome } from './clock-text.tsx'
import type { MatchView } from './match-view.ts'

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
  if (isToCome(view.board)) return <p class="nothing">No figures yet.</p>
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
