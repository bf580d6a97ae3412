import { useSignal } from '@preact/signals'
import { placeMinute, type Shot, type Side } from '../model/index.ts'
import { glowOf } from './crest.tsx'
import type { MatchView } from './match-view.ts'

const words: Readonly<Record<Shot['outcome'], string>> = {
  goal: 'Goal',
  saved: 'Saved',
  missed: 'Missed',
  blocked: 'Blocked',
  post: 'Woodwork',
}

/** Where the shots of both sides were: home attacks to the right. Each is a radio button, so that the arrow keys go from one to the next. */
export function ShotMap({ view, shots }: { readonly view: MatchView; readonly shots: readonly Shot[] }) {
  const chosen = useSignal<string | undefined>(undefined)
  const shot = shots.find(({ id }) => id === chosen.value) ?? shots.at(-1)
  if (shot === undefined) return null
  const colors = { '--home': glowOf(view.game.home), '--away': glowOf(view.game.away) }
  return (
    <div class="shot-map" style={colors}>
      <div class="shot-sides">
        <Count view={view} shots={shots} team="home" />
        <Count view={view} shots={shots} team="away" />
      </div>
      <fieldset class="shot-field">
        <legend class="visually-hidden">Shots</legend>
        <FieldLines />
        {shots.map(one => (
          <Dot
            key={one.id}
            shot={one}
            team={view.game[one.team].name}
            isChosen={one === shot}
            onChoose={() => {
              chosen.value = one.id
            }}
          />
        ))}
      </fieldset>
      <p class="shot-words" aria-live="polite">
        <b class="numeral">{placeMinute(shot.period, shot.clock)}</b>
        <span>
          <bdi>{shot.player ?? view.game[shot.team].name}</bdi>
          <small>
            {words[shot.outcome]} · <bdi>{view.game[shot.team].name}</bdi>
          </small>
        </span>
      </p>
    </div>
  )
}

function Count({ view, shots, team }: { readonly view: MatchView; readonly shots: readonly Shot[]; readonly team: Side }) {
  const own = shots.filter(shot => shot.team === team)
  return (
    <p class={team}>
      <bdi>{view.game[team].name}</bdi> <b class="numeral">{own.length}</b>
    </p>
  )
}

interface DotProps {
  readonly shot: Shot
  readonly team: string
  readonly isChosen: boolean
  readonly onChoose: () => void
}

function Dot({ shot, team, isChosen, onChoose }: DotProps) {
  const [along, beside] = shot.xy
  const [x, y] = shot.team === 'home' ? [along, beside] : [100 - along, 100 - beside]
  const label = [placeMinute(shot.period, shot.clock), shot.player ?? team, words[shot.outcome]].filter(word => word !== '').join(', ')
  return (
    <label class={`shot ${shot.team}`} data-outcome={shot.outcome} style={{ left: `${bounded(x)}%`, top: `${bounded(y)}%` }} title={label}>
      <input type="radio" name="shot" checked={isChosen} onChange={onChoose} aria-label={label} />
      <i />
    </label>
  )
}

function bounded(percent: number): number {
  return Math.min(98.5, Math.max(1.5, percent))
}

/** The lines of a field of 105 by 68 metres, lying. */
function FieldLines() {
  return (
    <svg
      class="pitch-lines"
      viewBox="0 0 105 68"
      preserveAspectRatio="none"
      fill="none"
      stroke="currentColor"
      stroke-width="0.35"
      aria-hidden="true"
    >
      <path d="M.5.5h104v67H.5zM52.5.5v67M.5 13.8h16v40.4H.5M.5 24.8h5v18.4H.5M104.5 13.8h-16v40.4h16M104.5 24.8h-5v18.4h5" />
      <circle cx="52.5" cy="34" r="9.15" />
      <path d="M16.5 26.7a9.15 9.15 0 0 1 0 14.6M88.5 26.7a9.15 9.15 0 0 0 0 14.6" />
    </svg>
  )
}
