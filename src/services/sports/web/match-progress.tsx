import {
  countingGoals,
  creditedTo,
  eventMinute,
  isDismissal,
  isLive,
  type MatchEvent,
  periodMinutes,
  periodNow,
  secondsAt,
} from '../model/index.ts'
import type { MatchView } from './match-view.ts'
import type { ServerTime } from './server-time.ts'

/** The match as a line from kick-off to the end, with its goals and cards, and how far it is. */
export function MatchProgress({ view, time }: { readonly view: MatchView; readonly time: ServerTime }) {
  const total = lengthOf(view)
  const played = playedMinutes(view, time.nowMs)
  const marks = [...countingGoals(view.events), ...view.events.filter(event => isLive(event) && event.kind === 'card')]
  return (
    <div class="progress" aria-hidden="true">
      <div class="track">
        <div class="played" style={{ width: `${(played / total) * 100}%` }} />
        {[45, 90, 105]
          .filter(minute => minute < total)
          .map(minute => (
            <i key={minute} class="period-line" style={{ left: `${(minute / total) * 100}%` }} />
          ))}
        {marks.map(event => (
          <Mark key={event.id} event={event} view={view} total={total} />
        ))}
        {periodNow(view.board) === undefined ? null : <i class="playhead" style={{ left: `${(played / total) * 100}%` }} />}
      </div>
      <p>
        <span>0'</span>
        <span style={{ left: `${(45 / total) * 100}%` }}>HT</span>
        {total > 90 ? <span style={{ left: `${(90 / total) * 100}%` }}>90'</span> : null}
        <span>{total}'</span>
      </p>
    </div>
  )
}

function Mark({ event, view, total }: { readonly event: MatchEvent; readonly view: MatchView; readonly total: number }) {
  if ((event.kind !== 'goal' && event.kind !== 'card') || event.clock === undefined) return null
  const kind = event.kind === 'goal' ? 'goal' : isDismissal(event, view.events) ? 'red' : 'yellow'
  const minute = Math.min(periodMinutes[event.period].to, event.clock.min + event.clock.sec / 60)
  return (
    <i
      class={`mark ${event.kind === 'goal' ? creditedTo(event) : event.team} ${kind}`}
      style={{ left: `${(minute / total) * 100}%` }}
      title={`${eventMinute(event)} ${event.players[0]?.name ?? ''}`}
    />
  )
}

/** 90 minutes, or 120 once extra time has begun. */
function lengthOf({ board }: MatchView): number {
  const period = board.clock?.period
  return period === undefined || period === 'first_half' || period === 'second_half' ? 90 : 120
}

/** Added time does not move the line: it stands at the end of the period. */
function playedMinutes({ board }: MatchView, nowMs: number): number {
  if (board.clock === undefined) return 0
  return Math.min(periodMinutes[board.clock.period].to, secondsAt(board.clock, nowMs) / 60)
}
