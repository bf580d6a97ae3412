import type { Side } from '../model/index.ts'
import { glowOf } from './crest.tsx'
import { type LineupPlace, placesOf } from './lineup-places.ts'
import { lineupOf, type MatchView } from './match-view.ts'
import { DeedIcons, deedsOf } from './player-deeds.tsx'
import { shortName } from './short-name.ts'

export interface PitchProps {
  readonly view: MatchView
  readonly places: Readonly<Partial<Record<Side, readonly LineupPlace[]>>>
}

/** Who begins, where each side has said how it stands: the one at home above, playing downwards. */
export function placesIn(view: MatchView): PitchProps['places'] {
  const of = (team: Side) => {
    const { lineup, formation } = lineupOf(view, team)
    return placesOf(lineup, formation)
  }
  const [home, away] = [of('home'), of('away')]
  return { ...(home === undefined ? {} : { home }), ...(away === undefined ? {} : { away }) }
}

export function Pitch({ view, places }: PitchProps) {
  return (
    <div class="pitch">
      <PitchLines />
      {(['home', 'away'] as const).map(team => {
        const standing = places[team]
        return standing === undefined ? null : <Eleven key={team} view={view} team={team} places={standing} />
      })}
    </div>
  )
}

function Eleven({ view, team, places }: { readonly view: MatchView; readonly team: Side; readonly places: readonly LineupPlace[] }) {
  const { name } = view.game[team]
  const { formation } = lineupOf(view, team)
  const shirt = glowOf(view.game[team])
  return (
    <>
      <p class={`pitch-team ${team}`}>
        <bdi>{name}</bdi> {formation === undefined ? null : <span class="numeral">{formation}</span>}
      </p>
      <ol class={`eleven ${team}`} aria-label={`${name} begin with`} style={{ '--shirt': shirt, '--number': inkOn(shirt) }}>
        {places.map(place => (
          <PitchPlayer key={place.player.id ?? place.player.name} place={place} view={view} team={team} />
        ))}
      </ol>
    </>
  )
}

function PitchPlayer({ place, view, team }: { readonly place: LineupPlace; readonly view: MatchView; readonly team: Side }) {
  const { player, depth, across } = place
  // Whoever plays downwards has the right hand on the left of the picture.
  const [x, y] = team === 'home' ? [across, depth / 2] : [1 - across, 1 - depth / 2]
  const deeds = deedsOf(player, team, view)
  return (
    <li style={{ left: `${x * 100}%`, top: `${y * 100}%` }} data-off={deeds.off !== undefined} title={player.name}>
      <span class="shirt numeral">{player.number ?? ''}</span>
      <bdi class="pitch-name">{shortName(player.name)}</bdi>
      <DeedIcons deeds={deeds} view={view} />
    </li>
  )
}

/** Black or white, whichever is read better on a colour (relative luminance, WCAG 2.2). */
function inkOn(color: string): string {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map(at => Number.parseInt(color.slice(at, at + 2), 16) / 255)
    .map(channel => (channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4))
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? '#111318' : '#ffffff'
}

/** The lines of a field of 105 by 68 metres, standing. */
function PitchLines() {
  return (
    <svg
      class="pitch-lines"
      viewBox="0 0 68 105"
      preserveAspectRatio="none"
      fill="none"
      stroke="currentColor"
      stroke-width="0.35"
      aria-hidden="true"
    >
      <path d="M2 2h64v101H2zM2 52.5h64M13.8 2v16.5h40.4V2M24.8 2v5.5h18.4V2M13.8 103V86.5h40.4V103M24.8 103v-5.5h18.4v5.5" />
      <circle cx="34" cy="52.5" r="9.15" />
      <path d="M26.7 18.5a9.15 9.15 0 0 0 14.6 0M26.7 86.5a9.15 9.15 0 0 1 14.6 0" />
    </svg>
  )
}
