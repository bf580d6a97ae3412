import { creditedTo, eventMinute } from '../model/index.ts'
import { Crest, glowOf } from './crest.tsx'
import type { Celebration } from './match-store.ts'

/** A goal, as it happens. Moves only where motion is welcome; the words are spoken elsewhere. */
export function GoalBanner({ celebration }: { readonly celebration: Celebration | undefined }) {
  if (celebration === undefined) return null
  const { event, view } = celebration
  const team = view.game[creditedTo(event)]
  return (
    <div class="goal-banner" key={event.id} style={{ '--glow': glowOf(team) }} aria-hidden="true">
      <div class="rays" />
      <Crest team={team} />
      <p>
        <strong>Goal!</strong>
        <span>
          {event.players[0]?.name ?? team.name} <span class="numeral">{eventMinute(event)}</span>
        </span>
        <small class="numeral">
          {view.game.home.name} {view.board.score.home} – {view.board.score.away} {view.game.away.name}
        </small>
      </p>
      {sparks.map((spark, index) => (
        <i key={`${event.id}${index}`} style={spark} />
      ))}
    </div>
  )
}

/** Sparks fly evenly around, at three distances. */
const sparks = Array.from({ length: 18 }, (_, index) => ({
  '--turn': `${index * 20}deg`,
  '--far': `${90 + (index % 3) * 55}px`,
  '--late': `${(index % 3) * 60}ms`,
}))
