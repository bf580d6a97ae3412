import { type Player, type Side, samePlayer } from '../model/index.ts'
import { lineupOf, type MatchView } from './match-view.ts'
import { Pitch, placesIn } from './pitch.tsx'
import { DeedIcons, deedsOf } from './player-deeds.tsx'

/** Who began and where, who came on for whom, and what they did. */
export function Lineups({ view }: { readonly view: MatchView }) {
  const known = (['home', 'away'] as const).some(team => lineupOf(view, team).lineup.length + lineupOf(view, team).bench.length > 0)
  if (!known) return <p class="nothing">The line-ups are not known yet.</p>
  const places = placesIn(view)
  return (
    <>
      {places.home === undefined && places.away === undefined ? null : <Pitch view={view} places={places} />}
      <div class="lineups">
        <TeamSheet view={view} team="home" isOnPitch={places.home !== undefined} />
        <TeamSheet view={view} team="away" isOnPitch={places.away !== undefined} />
      </div>
    </>
  )
}

interface TeamProps {
  readonly view: MatchView
  readonly team: Side
}

/** Who is not shown on the pitch. */
function TeamSheet({ view, team, isOnPitch }: TeamProps & { readonly isOnPitch: boolean }) {
  const { name, coach } = view.game[team]
  const { lineup, bench, formation } = lineupOf(view, team)
  const entered = view.events.flatMap(event =>
    event.kind === 'substitution' && event.team === team && event.state !== 'deleted' && event.state !== 'overturned'
      ? event.players.slice(0, 1)
      : [],
  )
  const numbered = entered.map(player => bench.find(other => samePlayer(other, player)) ?? player)
  const waiting = bench.filter(player => !entered.some(other => samePlayer(other, player)))
  if (isOnPitch && numbered.length + waiting.length === 0 && coach === undefined) return <div />
  return (
    <div>
      <h3>
        <bdi>{name}</bdi>
      </h3>
      {formation === undefined || isOnPitch ? null : <p class="formation numeral">{formation}</p>}
      {isOnPitch ? null : <Players players={lineup} view={view} team={team} />}
      {numbered.length === 0 ? null : <h4>Came on</h4>}
      <Players players={numbered} view={view} team={team} />
      {waiting.length === 0 ? null : <h4>{lineup.length === 0 ? 'Squad' : 'Bench'}</h4>}
      <Players players={waiting} view={view} team={team} />
      {coach === undefined ? null : (
        <h4>
          Coach: <bdi>{coach}</bdi>
        </h4>
      )}
    </div>
  )
}

function Players({ players, ...team }: TeamProps & { readonly players: readonly Player[] }) {
  return (
    <ul>
      {players.map(player => (
        <PlayerRow key={player.id ?? player.name} player={player} {...team} />
      ))}
    </ul>
  )
}

function PlayerRow({ player, view, team }: TeamProps & { readonly player: Player }) {
  const deeds = deedsOf(player, team, view)
  return (
    <li data-off={deeds.off !== undefined}>
      <span class="number numeral">{player.number ?? ''}</span>
      <bdi class="player">{player.name}</bdi>
      <DeedIcons deeds={deeds} view={view} />
    </li>
  )
}
