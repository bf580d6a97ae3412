import { isOver, type ListedGame, otherSide, placeMinute, type Scorer, type Side, shootoutScore } from '../model/index.ts'
import { isToCome, RowClock } from './clock-text.tsx'
import { Crest } from './crest.tsx'
import { isOn } from './game-groups.ts'
import type { ServerTime } from './server-time.ts'
import { shortName } from './short-name.ts'
import { StarButton } from './star-button.tsx'

export interface MatchRowProps {
  readonly game: ListedGame
  readonly time: ServerTime
  readonly isStarred: boolean
  readonly onStar: () => void
}

/** A match in a list: when or how far it is, who plays, how it stands and who scored. */
export function MatchRow({ game, time, isStarred, onStar }: MatchRowProps) {
  const { board, home, away } = game
  return (
    <li class="match-row" data-game={game.id} data-live={isOn(game)} data-over={isOver(board.status)}>
      <a href={`/sports/${game.id}`}>
        <RowClock board={board} kickoffUtcMs={game.kickoffUtcMs} time={time} />
        <Team game={game} side="home" />
        <Score game={game} />
        <Team game={game} side="away" />
        {isToCome(board) ? null : <Below game={game} />}
      </a>
      <StarButton label={`Favourite: ${home.name} against ${away.name}`} isOn={isStarred} onToggle={onStar} />
    </li>
  )
}

function Team({ game, side }: { readonly game: ListedGame; readonly side: Side }) {
  const reds = game.board.cards[side].red
  return (
    <span class={`row-team ${side}`} data-ahead={isAhead(game, side)}>
      <Crest team={game[side]} />
      <bdi class="row-name">{game[side].name}</bdi>
      {reds === 0 ? null : (
        <span class="card-reds" role="img" aria-label={reds === 1 ? 'One red card' : `${reds} red cards`}>
          {Array.from({ length: Math.min(reds, 4) }, (_, index) => (
            <i key={index} />
          ))}
        </span>
      )}
    </span>
  )
}

/** Who has won, once it is over: by the score, or by the kicks after it. */
function isAhead({ board }: ListedGame, side: Side): boolean {
  const [own, others] = [board.score[side], board.score[otherSide(side)]]
  const pens = shootoutScore(board)
  return isOver(board.status) && (own > others || (own === others && pens !== undefined && pens[side] > pens[otherSide(side)]))
}

function Score({ game }: { readonly game: ListedGame }) {
  const { board } = game
  if (isToCome(board)) return <span class="row-score to-come">v</span>
  const pens = shootoutScore(board)
  return (
    <span class="row-score numeral">
      {(['home', 'away'] as const).map(side => (
        <span key={side} class={side}>
          {pens === undefined ? null : <small>({pens[side]})</small>}
          <b key={`${side}${board.score[side]}`}>{board.score[side]}</b>
        </span>
      ))}
    </span>
  )
}

/** Who scored, and how it stood at half-time; or that a decision is being looked at. */
function Below({ game: { board } }: { readonly game: ListedGame }) {
  const { scorers = [], halfTime, review } = board
  return (
    <>
      <Scorers scorers={scorers.filter(({ side }) => side === 'home')} side="home" />
      <span class="row-half numeral">
        {review === undefined ? null : (
          <span class="row-review" title="Under review">
            VAR<span class="visually-hidden">: under review</span>
          </span>
        )}
        {halfTime === undefined || review !== undefined ? null : `HT ${halfTime.home}–${halfTime.away}`}
      </span>
      <Scorers scorers={scorers.filter(({ side }) => side === 'away')} side="away" />
    </>
  )
}

const mark: Readonly<Record<Scorer['how'], string>> = { play: '', header: '', free_kick: '', penalty: '\u00a0(pen)', own: '\u00a0(og)' }

function Scorers({ scorers, side }: { readonly scorers: readonly Scorer[]; readonly side: Side }) {
  const byPlayer = [...Map.groupBy(scorers, ({ player = '' }) => player)]
  return (
    <span class={`row-scorers ${side}`}>
      {byPlayer.map(([player, goals]) => (
        <span key={player}>
          <bdi>{shortName(player)}</bdi>{' '}
          <span class="numeral">{goals.map(({ period, clock, how }) => `${placeMinute(period, clock)}${mark[how]}`).join(', ')}</span>
        </span>
      ))}
    </span>
  )
}
