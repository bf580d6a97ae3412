import { countingGoals, creditedTo, eventMinute, periodNow, phaseName, type Side, shootoutScore, unknownPlayer } from '../model/index.ts'
import { ClockText, isToCome } from './clock-text.tsx'
import { Crest, glowOf } from './crest.tsx'
import { BallIcon, ScreenIcon } from './event-icon.tsx'
import { favourites, toggleTeam } from './favourites.ts'
import { MatchProgress } from './match-progress.tsx'
import type { MatchStore } from './match-store.ts'
import type { MatchView } from './match-view.ts'
import type { ServerTime } from './server-time.ts'
import { shortName } from './short-name.ts'
import { StarButton } from './star-button.tsx'

/** The head of a match page: who, how it stands, and when. */
export function Scoreboard({ store, view }: { readonly store: MatchStore; readonly view: MatchView }) {
  const { game, board } = view
  const glow = { '--home': glowOf(game.home), '--away': glowOf(game.away) }
  const live = periodNow(board) !== undefined
  const { rate } = game
  const heldSinceMs = store.time.heldSinceMs.value
  return (
    <section class="scoreboard" style={glow} data-live={live} data-link={store.stream.link.value} aria-label="Score">
      <h1 class="visually-hidden">
        {game.home.name} against {game.away.name}
      </h1>
      <p class="occasion">
        <span>
          <b>{game.competition}</b>
          {game.round === '' ? '' : ` · ${game.round}`}
        </span>
        {rate > 1 ? <span>Replay, {rate} times as fast</span> : null}
        {game.venue === '' ? null : <span>{game.venue}</span>}
        {game.date === '' ? null : <time dateTime={game.date}>{dateText(game.date)}</time>}
      </p>
      <div class="score-row">
        <TeamName view={view} team="home" />
        <Score view={view} />
        <TeamName view={view} team="away" />
      </div>
      <div class="clock-row">
        <p class="match-clock">
          <span class="clock-pill">
            <ClockText board={board} kickoffUtcMs={game.kickoffUtcMs} time={store.time} />
          </span>
          {live && board.clock?.period === board.phase && board.phase !== 'shootout' ? <span>{phaseName(board.phase)}</span> : null}
          {board.halfTime === undefined || board.phase === 'half_time' ? null : (
            <span class="numeral">
              HT {board.halfTime.home}–{board.halfTime.away}
            </span>
          )}
          {live && board.added !== undefined ? <span class="numeral">+{board.added.minutes} min</span> : null}
          {heldSinceMs === undefined ? null : <span>as of {new Date(heldSinceMs).toLocaleTimeString()}</span>}
        </p>
        <Review view={view} time={store.time} />
      </div>
      <Shootout view={view} />
      {isToCome(board) ? null : (
        <div class="scorers">
          <Scorers view={view} team="home" />
          <Scorers view={view} team="away" />
        </div>
      )}
      {isToCome(board) ? null : <MatchProgress view={view} time={store.time} />}
    </section>
  )
}

/** Longer names are written smaller. */
const nameMax = 22

function TeamName({ view, team }: { readonly view: MatchView; readonly team: Side }) {
  const { id, name, code } = view.game[team]
  const isOn = favourites.value.teams.some(other => other.id === id)
  return (
    <div class={`team ${team}`}>
      <Crest team={view.game[team]} />
      <bdi class="name" data-code={code} data-long={name.length > nameMax}>
        {name}
      </bdi>
      <StarButton label={`Favourite: ${name}`} isOn={isOn} onToggle={() => toggleTeam({ id, name })} />
    </div>
  )
}

/** While a video review is open: what is looked at, and for how long. It is over when the decision comes, and not before. */
function Review({ view, time }: { readonly view: MatchView; readonly time: ServerTime }) {
  const { review } = view.board
  if (review === undefined) return null
  const subject = view.events.find(({ id }) => id === review.ref)
  const what =
    subject?.kind === 'goal' ? `goal by ${subject.players[0]?.name ?? view.game[subject.team].name}` : review.reason?.replaceAll('_', ' ')
  const seconds = Math.max(0, Math.floor((time.nowMs - review.sinceUtcMs) / 1000))
  return (
    <p class="review" role="status">
      <ScreenIcon />
      <span>
        <b>Under review</b>
        {what === undefined ? null : `: ${what}`}
      </span>
      {seconds < 3600 ? (
        <span class="numeral" aria-hidden="true">
          {Math.floor(seconds / 60)}:{String(seconds % 60).padStart(2, '0')}
        </span>
      ) : null}
    </p>
  )
}

function Score({ view }: { readonly view: MatchView }) {
  const { home, away } = view.board.score
  if (isToCome(view.board)) {
    return (
      <p class="score to-come" role="img" aria-label={`${view.game.home.name} against ${view.game.away.name}, not begun`}>
        <span>v</span>
      </p>
    )
  }
  return (
    <p class="score numeral" role="img" aria-label={`${view.game.home.name} ${home}, ${view.game.away.name} ${away}`}>
      <span key={`home${home}`} data-testid="score-home">
        {home}
      </span>
      <i />
      <span key={`away${away}`} data-testid="score-away">
        {away}
      </span>
    </p>
  )
}

function Scorers({ view, team }: { readonly view: MatchView; readonly team: Side }) {
  const goals = countingGoals(view.events).filter(goal => creditedTo(goal) === team)
  const byPlayer = Map.groupBy(goals, ({ players: [scorer], team: own }) =>
    scorer === undefined || scorer.name === unknownPlayer ? view.game[own].name : scorer.name,
  )
  return (
    <ul class={team} aria-label={`Goals of ${view.game[team].name}`}>
      {[...byPlayer].map(([player, scored]) => (
        <li key={player}>
          <BallIcon />
          <span>
            <bdi title={player}>{shortName(player)}</bdi>{' '}
            <b>{scored.map(goal => `${eventMinute(goal)}${mark[goal.data.how]}`).join(', ')}</b>
          </span>
        </li>
      ))}
    </ul>
  )
}

const mark = { play: '', header: '', free_kick: '', penalty: ' (pen)', own: ' (own goal)' } as const

/** Five dots a side, more when it goes on: the kicks of the shoot-out. */
function Shootout({ view }: { readonly view: MatchView }) {
  const score = shootoutScore(view.board)
  const { shootout } = view.board
  if (score === undefined || shootout === undefined) return null
  const places = Math.max(5, shootout.home.length, shootout.away.length)
  const dots = (team: Side) => (
    <ol class={`dots ${team}`} aria-label={`Kicks of ${view.game[team].name}`}>
      {Array.from({ length: places }, (_, index) => (
        <li key={`${team}${index}`} data-outcome={shootout[team][index] ?? 'open'}>
          <span class="visually-hidden">{shootout[team][index] ?? 'to come'}</span>
        </li>
      ))}
    </ol>
  )
  return (
    <section class="shootout" aria-label="Penalty shoot-out">
      {dots('home')}
      <p class="numeral">
        <b data-testid="shootout-home">{score.home}</b> <span>pens</span> <b data-testid="shootout-away">{score.away}</b>
      </p>
      {dots('away')}
    </section>
  )
}

function dateText(date: string): string {
  return new Date(`${date}T12:00:00Z`).toLocaleDateString(undefined, { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' })
}
