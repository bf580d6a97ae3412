import { useSignal } from '@preact/signals'
import {
  countingGoals,
  creditedTo,
  type EventOf,
  eventMinute,
  isDismissal,
  isLive,
  type MatchEvent,
  type Pair,
  phaseAfter,
  phaseName,
  type Side,
  statusName,
} from '../model/index.ts'
import { Choices } from './choices.tsx'
import { type EventFilter, filterNames, nothingOf, passes } from './event-filter.ts'
import { EventIcon } from './event-icon.tsx'
import type { MatchView } from './match-view.ts'

/** What happened, newest first: home on the left, away on the right of the minute. All of it, or what is chosen. */
export function EventList({ view }: { readonly view: MatchView }) {
  const filter = useSignal<EventFilter>('all')
  const told = view.events.filter(isTold)
  if (told.length === 0) return <p class="nothing">The match has not begun. The first whistle will show up here by itself.</p>
  const scores = runningScores(view.events)
  const shown = told.filter(event => passes(filter.value, event))
  return (
    <>
      <Choices
        label="Show of the match"
        name="event-filter"
        choices={filters}
        chosen={filter.value}
        onChoose={value => {
          filter.value = value
        }}
      />
      {shown.length === 0 && filter.value !== 'all' ? <p class="nothing">{nothingOf[filter.value]}</p> : null}
      <ol class="events">
        {shown.toReversed().map(event => (
          <EventRow key={event.id} event={event} view={view} score={scores.get(event.id)} />
        ))}
      </ol>
    </>
  )
}

const filters = (['all', 'goals', 'cards', 'changes'] as const).map(value => ({ value, name: filterNames[value] }))

/** Kinds that say something by themselves; the rest is told by the board or the other panels. */
const told = new Set([
  'goal',
  'goal_disallowed',
  'card',
  'substitution',
  'penalty',
  'penalty_missed',
  'kick',
  'period_start',
  'period_end',
  'var_start',
  'var_end',
  'added_time',
  'status',
])

function isTold(event: MatchEvent): boolean {
  if (event.state === 'deleted' || !told.has(event.kind)) return false
  // The last whistle and the end of the match are one.
  return event.kind !== 'status' || !['finished', 'live', 'half_time', 'scheduled'].includes(event.data.status)
}

interface RowProps {
  readonly event: MatchEvent
  readonly view: MatchView
  readonly score: Pair<number> | undefined
}

function EventRow({ event, view, score }: RowProps) {
  const side = sideOf(event)
  const counts = event.kind !== 'goal' || countingGoals(view.events).some(({ id }) => id === event.id)
  const attributes = { 'data-id': event.id, 'data-kind': event.kind, 'data-state': counts ? event.state : 'overturned' }
  if (side === undefined) {
    return (
      <li class="whistle" {...attributes}>
        <span>{whistleText(event, view, score)}</span>
      </li>
    )
  }
  return (
    <li class={side} {...attributes}>
      <div class="what">
        <EventIcon event={event} isDismissal={event.kind === 'card' && isDismissal(event, view.events)} />
        <EventWords event={event} view={view} />
      </div>
      <span class="minute numeral">{event.kind === 'kick' ? 'Pen' : eventMinute(event)}</span>
      {event.kind === 'goal' && counts && score !== undefined ? (
        <span class="running numeral">
          {score.home}–{score.away}
        </span>
      ) : (
        <span class="running" />
      )}
    </li>
  )
}

/** The side on which an event is told: a goal on that which it counts for. */
function sideOf(event: MatchEvent): Side | undefined {
  if (event.kind === 'goal') return creditedTo(event)
  return 'team' in event && event.kind !== 'var_start' && event.kind !== 'var_end' ? event.team : undefined
}

function whistleText(event: MatchEvent, view: MatchView, score: Pair<number> | undefined): string {
  switch (event.kind) {
    case 'period_start':
      return phaseName(event.period)
    case 'period_end':
      return `${isFinalWhistle(event, view) ? phaseName('finished') : phaseName(phaseAfter(event.period))}${scoreText(score)}`
    case 'added_time':
      return `+${event.data.minutes} min added`
    case 'var_start':
      return `${eventMinute(event)} Video review${event.data.reason === undefined ? '' : `: ${event.data.reason.replaceAll('_', ' ')}`}`.trim()
    case 'var_end':
      return `${eventMinute(event)} ${verdictWords[event.data.outcome]}`.trim()
    case 'status':
      return event.data.reason === undefined ? statusName(event.data.status) : `${statusName(event.data.status)}: ${event.data.reason}`
    default:
      return ''
  }
}

function isFinalWhistle(event: MatchEvent, { board, events }: MatchView): boolean {
  return board.phase === 'finished' && event === events.findLast(other => other.kind === 'period_end' && isLive(other))
}

const verdictWords: Readonly<Record<EventOf<'var_end'>['data']['outcome'], string>> = {
  goal: 'Review: goal',
  no_goal: 'Review: no goal',
  penalty: 'Review: penalty',
  no_penalty: 'Review: no penalty',
  red_card: 'Review: red card',
  no_red_card: 'Review: no red card',
  corner: 'Review: corner',
  no_corner: 'Review: no corner',
  mistaken_identity: 'Review: mistaken identity',
  no_mistaken_identity: 'Review: no mistaken identity',
  unchanged: 'Review over',
}

function EventWords({ event, view }: { readonly event: MatchEvent; readonly view: MatchView }) {
  const [first, second] = event.players
  const small = smallWords(event, view, second?.name)
  return (
    <p>
      <b>
        <bdi>{first?.name ?? ('team' in event && event.team !== undefined ? view.game[event.team].name : '')}</bdi>
      </b>
      <small>{small}</small>
    </p>
  )
}

function smallWords(event: MatchEvent, view: MatchView, second: string | undefined): string {
  switch (event.kind) {
    case 'goal':
      return goalWords(event, view, second)
    case 'goal_disallowed':
      return event.data.reason === undefined ? 'No goal' : `No goal, ${event.data.reason}`
    case 'card':
      if (event.data.card === 'yellow') return isDismissal(event, view.events) ? 'Second yellow card' : 'Yellow card'
      return event.data.card === 'red' ? 'Red card' : 'Second yellow card'
    case 'substitution':
      return second === undefined ? 'Substitution' : `for ${second}`
    case 'penalty':
      return 'Penalty'
    case 'penalty_missed':
      return event.data.outcome === 'saved' ? 'Penalty saved' : 'Penalty missed'
    case 'kick':
      return { scored: 'Scores', saved: 'Saved', missed: 'Misses' }[event.data.outcome]
    default:
      return ''
  }
}

function goalWords(event: EventOf<'goal'>, view: MatchView, assist: string | undefined): string {
  if (!countingGoals(view.events).some(({ id }) => id === event.id)) return 'Goal, overturned'
  if (view.board.review?.ref === event.id || event.state === 'review') return 'Goal, under review'
  const how = { play: 'Goal', penalty: 'Goal, penalty', own: 'Own goal', free_kick: 'Goal, free kick', header: 'Goal, header' }[
    event.data.how
  ]
  return assist === undefined || event.data.how === 'own' ? how : `${how}, assist by ${assist}`
}

/** The score right after each event. */
function runningScores(events: readonly MatchEvent[]): Map<string, Pair<number>> {
  const counting = new Set(countingGoals(events).map(({ id }) => id))
  let score = { home: 0, away: 0 }
  const scores = new Map<string, Pair<number>>()
  for (const event of events) {
    if (event.kind === 'goal' && counting.has(event.id)) {
      const side = creditedTo(event)
      score = { ...score, [side]: score[side] + 1 }
    }
    scores.set(event.id, score)
  }
  return scores
}

function scoreText(score: Pair<number> | undefined): string {
  return score === undefined ? '' : `, ${score.home}–${score.away}`
}
