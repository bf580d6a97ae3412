import { isLive, type MatchEvent, minuteText, type Pair, phaseAfter, phaseName, type Side } from '../model/index.ts'
import { EventIcon } from './event-icon.tsx'
import type { MatchView } from './match-view.ts'

/** What happened, newest first: home on the left, away on the right of the minute. */
export function EventList({ view }: { readonly view: MatchView }) {
  if (view.events.length === 0) return <p class="nothing">The match has not begun. The first whistle will show up here by itself.</p>
  const scores = runningScores(view.events)
  return (
    <ol class="events">
      {view.events.toReversed().map(event => (
        <EventRow key={event.id} event={event} score={scores.get(event.id)} />
      ))}
    </ol>
  )
}

function EventRow({ event, score }: { readonly event: MatchEvent; readonly score: Pair<number> | undefined }) {
  const attributes = { 'data-seq': event.seq, 'data-kind': event.kind, 'data-state': event.state }
  if (!('team' in event)) {
    // The end of the last period and the end of the match are one whistle.
    if (event.kind === 'match_end') return <li class="whistle" {...attributes} hidden />
    return (
      <li class="whistle" {...attributes}>
        <span>{event.kind === 'period_start' ? phaseName(event.period) : `${phaseName(phaseAfter(event.period))}${scoreText(score)}`}</span>
      </li>
    )
  }
  return (
    <li class={event.team} {...attributes}>
      <div class="what">
        <EventIcon event={event} />
        <EventWords event={event} />
      </div>
      <span class="minute numeral">{event.period === 'shootout' ? 'Pen' : minuteText(event)}</span>
      {event.kind === 'goal' && score !== undefined ? (
        <span class="running numeral">
          {score.home}–{score.away}
        </span>
      ) : (
        <span class="running" />
      )}
    </li>
  )
}

type TeamEvent = Extract<MatchEvent, { team: Side }>

function EventWords({ event }: { readonly event: TeamEvent }) {
  switch (event.kind) {
    case 'goal':
      return (
        <p>
          <b>{event.player}</b>
          <small>{goalWords(event)}</small>
        </p>
      )
    case 'card':
      return (
        <p>
          <b>{event.player}</b>
          <small>{{ yellow: 'Yellow card', second_yellow: 'Second yellow card', red: 'Red card' }[event.card]}</small>
        </p>
      )
    case 'substitution':
      return (
        <p>
          <b>{event.on}</b>
          <small>for {event.off}</small>
        </p>
      )
    default:
      return (
        <p>
          <b>{event.player}</b>
          <small>{{ scored: 'Scores', saved: 'Saved', missed: 'Misses' }[event.outcome]}</small>
        </p>
      )
  }
}

function goalWords(event: Extract<MatchEvent, { kind: 'goal' }>): string {
  if (event.state === 'overturned') return 'Goal, overturned'
  if (event.how === 'penalty') return 'Goal, penalty'
  if (event.how === 'own') return 'Own goal'
  return event.assist === undefined ? 'Goal' : `Goal, assist by ${event.assist}`
}

/** The score right after each event. */
function runningScores(events: readonly MatchEvent[]): Map<string, Pair<number>> {
  let score = { home: 0, away: 0 }
  const scores = new Map<string, Pair<number>>()
  for (const event of events) {
    if (event.kind === 'goal' && isLive(event)) score = { ...score, [event.team]: score[event.team] + 1 }
    scores.set(event.id, score)
  }
  return scores
}

function scoreText(score: Pair<number> | undefined): string {
  return score === undefined ? '' : `, ${score.home}–${score.away}`
}
