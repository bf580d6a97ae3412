import { type MatchEvent, minuteText, phaseAfter, phaseName } from '../model/index.ts'
import type { MatchView } from './match-view.ts'

/** What a screen reader says about events as they come: those that change the score or the play, newest last. */
export function announce(events: readonly MatchEvent[], view: MatchView): string {
  const { home, away } = view.board.score
  const score = `${view.game.home.name} ${home}, ${view.game.away.name} ${away}.`
  const sentences = events.flatMap(event => sentenceOf(event, view))
  return sentences.length === 0 ? '' : `${sentences.join(' ')} ${score}`
}

function sentenceOf(event: MatchEvent, view: MatchView): string[] {
  switch (event.kind) {
    case 'goal':
      return [
        `Goal for ${view.game[event.team].name}! ${event.player}, ${minuteText(event)}${event.how === 'penalty' ? ', from the penalty spot' : ''}.`,
      ]
    case 'card':
      return [`${event.card === 'yellow' ? 'Yellow' : 'Red'} card for ${event.player}, ${view.game[event.team].name}.`]
    case 'kick':
      return [
        `${event.player} ${event.outcome === 'scored' ? 'scores' : 'does not score'} for ${view.game[event.team].name} in the shoot-out.`,
      ]
    case 'period_start':
      return [`${phaseName(event.period)} begins.`]
    case 'period_end':
      return [`${phaseName(phaseAfter(event.period))}.`]
    default:
      return []
  }
}
