import { type ListedGame, periodNow, type Side, shootoutScore } from '../model/index.ts'
import { ClockText } from './clock-text.tsx'
import { Crest, glowOf } from './crest.tsx'
import type { ServerTime } from './server-time.ts'

/** A match at a glance, in a list or on another page. */
export function ScoreCard({ game, time }: { readonly game: ListedGame; readonly time: ServerTime }) {
  const { board } = game
  const glow = { '--home': glowOf(game.home), '--away': glowOf(game.away) }
  return (
    <a class="score-card" href={`/sports/${game.id}`} style={glow} data-live={periodNow(board) !== undefined}>
      <span class="card-head">
        <span>
          {game.competition} · {game.round}
        </span>
        <span class="card-clock">
          <ClockText board={board} time={time} />
        </span>
      </span>
      <TeamRow game={game} team="home" />
      <TeamRow game={game} team="away" />
    </a>
  )
}

function TeamRow({ game, team }: { readonly game: ListedGame; readonly team: Side }) {
  const pens = shootoutScore(game.board)
  const score = game.board.score[team]
  return (
    <span class="card-team">
      <Crest team={game[team]} />
      <span class="card-name">{game[team].name}</span>
      {pens === undefined ? null : <span class="card-pens numeral">({pens[team]})</span>}
      <b class="numeral" key={`${team}${score}`}>
        {score}
      </b>
    </span>
  )
}
