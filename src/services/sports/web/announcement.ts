import { countingGoals, eventMinute, isLive, type MatchEvent, phaseAfter, phaseName } from '../model/index.ts'
import type { MatchView } from './match-view.ts'

/** What a screen reader says about events as they come: those that change the score or the play, newest last. */
export function announce(events: readonly MatchEvent[], before: MatchView, after: MatchView): string {
  const { home, away } = after.board.score
  const score = `${after.game.home.name} ${home}, ${after.game.away.name} ${away}.`
  const sentences = events.flatMap(event => sentenceOf(event, before, after))
  return sentences.length === 0 ? '' : `${sentences.join(' ')} ${score}`
}

function sentenceOf(event: MatchEvent, before: MatchView, after: MatchView): string[] {
  const name = event.players[0]?.name ?? ''
  switch (event.kind) {
    case 'goal':
      return goalSentence(event, before, after)
    case 'card':
      if (!isLive(event)) return []
      return [`${event.data.card === 'yellow' ? 'Yellow' : 'Red'} card for ${name}, ${after.game[event.team].name}.`]
    case 'kick':
      return [
        `${name} ${event.data.outcome === 'scored' ? 'scores' : 'does not score'} for ${after.game[event.team].name} in the shoot-out.`,
      ]
    case 'var_start':
      return ['Under review.']
    case 'var_end':
      return ['The review is over.']
    case 'period_start':
      return [`${phaseName(event.period)} begins.`]
    case 'period_end':
      return [`${phaseName(phaseAfter(event.period))}.`]
    default:
      return []
  }
}

function goalSentence(event: MatchEvent & { readonly kind: 'goal' }, before: MatchView, after: MatchView): string[] {
  const counted = countingGoals(before.events).some(({ id }) => id === event.id)
  const counts = countingGoals(after.events).some(({ id }) => id === event.id)
  const name = event.players[0]?.name ?? ''
  if (counted && !counts) return [`The goal of ${name} does not count.`]
  if (counted || !counts) return []
  const how = { play: '', penalty: ', from the penalty spot', own: ', an own goal', free_kick: ', from a free kick', header: ', a header' }
  const side = event.data.how === 'own' ? (event.team === 'home' ? 'away' : 'home') : event.team
  return [`Goal for ${after.game[side].name}! ${name}, ${eventMinute(event)}${how[event.data.how]}.`]
}
