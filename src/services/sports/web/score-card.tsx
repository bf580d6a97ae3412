import { type ListedGame, periodNow, type Side, shootoutScore } from '../model/index.ts'
import { ClockText, isToCome } from './clock-text.tsx'
import { Crest, glowOf } from './crest.tsx'
import { ScreenIcon } from './event-icon.tsx'
import type { ServerTime } from './server-time.ts'
import { StarButton } from './star-button.tsx'

export interface ScoreCardProps {
  readonly game: ListedGame
  readonly time: ServerTime
  /** Whether the match is starred, and what to do when that changes; without it there is no star. */
  readonly star?: { readonly isOn: boolean; readonly toggle: () => void }
}

/** A match at a glance, in a list or on another page. */
export function ScoreCard({ game, time, star }: ScoreCardProps) {
  const { board, home, away } = game
  const glow = { '--home': glowOf(home), '--away': glowOf(away) }
  const occasion = [game.competition, game.round].filter(text => text !== '').join(' · ')
  return (
    <div class="score-card" style={glow} data-live={periodNow(board) !== undefined} data-game={game.id}>
      <a class="card-link" href={`/sports/${game.id}`}>
        <span class="card-head">
          <span class="card-occasion">{occasion}</span>
          <span class="card-clock">
            <ClockText board={board} kickoffUtcMs={game.kickoffUtcMs} time={time} />
          </span>
        </span>
        <TeamRow game={game} team="home" />
        <TeamRow game={game} team="away" />
        {board.review === undefined ? null : (
          <span class="card-review">
            <ScreenIcon /> Under review
          </span>
        )}
      </a>
      {star === undefined ? null : (
        <StarButton label={`Favourite: ${home.name} against ${away.name}`} isOn={star.isOn} onToggle={star.toggle} />
      )}
    </div>
  )
}

function TeamRow({ game, team }: { readonly game: ListedGame; readonly team: Side }) {
  const pens = shootoutScore(game.board)
  const score = game.board.score[team]
  const reds = game.board.cards[team].red
  return (
    <span class="card-team">
      <Crest team={game[team]} />
      <span class="card-name">{game[team].name}</span>
      {reds === 0 ? null : (
        <span class="card-reds" role="img" aria-label={reds === 1 ? 'One red card' : `${reds} red cards`}>
          {Array.from({ length: Math.min(reds, 4) }, (_, index) => (
            <i key={index} />
          ))}
        </span>
      )}
      {pens === undefined ? null : <span class="card-pens numeral">({pens[team]})</span>}
      <b class="numeral" key={`${team}${score}`}>
        {isToCome(game.board) ? '–' : score}
      </b>
    </span>
  )
}
