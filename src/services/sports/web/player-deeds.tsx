import {
  countingGoals,
  type EventOf,
  eventMinute,
  isDismissal,
  isLive,
  type MatchEvent,
  type Player,
  type Side,
  samePlayer,
} from '../model/index.ts'
import { BallIcon, CardIcon } from './event-icon.tsx'
import type { MatchView } from './match-view.ts'

/** What one player did. */
export interface Deeds {
  readonly goals: readonly EventOf<'goal'>[]
  readonly cards: readonly EventOf<'card'>[]
  readonly on: MatchEvent | undefined
  readonly off: MatchEvent | undefined
}

export function deedsOf(player: Player, team: Side, { events }: MatchView): Deeds {
  const own = events.filter(event => isLive(event) && 'team' in event && event.team === team)
  const changes = own.filter(event => event.kind === 'substitution')
  return {
    goals: countingGoals(events).filter(goal => goal.team === team && goal.data.how !== 'own' && samePlayer(goal.players[0], player)),
    cards: own.flatMap(event => (event.kind === 'card' && samePlayer(event.players[0], player) ? [event] : [])),
    on: changes.find(event => samePlayer(event.players[0], player)),
    off: changes.find(event => samePlayer(event.players[1], player)),
  }
}

/** Goals, cards and changes of a player, as pictures with words. */
export function DeedIcons({ deeds: { goals, cards, on, off }, view }: { readonly deeds: Deeds; readonly view: MatchView }) {
  return (
    <span class="deeds">
      {goals.map(goal => (
        <span key={goal.id}>
          <BallIcon />
          <span class="visually-hidden">Goal {eventMinute(goal)}</span>
        </span>
      ))}
      {cards.map(card => (
        <span key={card.id}>
          <CardIcon card={card.data.card === 'yellow' && isDismissal(card, view.events) ? 'second_yellow' : card.data.card} />
          <span class="visually-hidden">Card {eventMinute(card)}</span>
        </span>
      ))}
      {on === undefined ? null : <MatchChange event={on} way="on" />}
      {off === undefined ? null : <MatchChange event={off} way="off" />}
    </span>
  )
}

function MatchChange({ event, way }: { readonly event: MatchEvent; readonly way: 'on' | 'off' }) {
  return (
    <span class={`${way} numeral`}>
      {way === 'on' ? '▲' : '▼'} {eventMinute(event)}
    </span>
  )
}
