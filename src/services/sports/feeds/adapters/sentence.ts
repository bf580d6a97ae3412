import { otherSide, type Pair, unknownPlayer } from '../../model/index.ts'
import type { Fact } from './notes.ts'

/** A sentence about what happened, for providers that tell no more than the fact; undefined where there is nothing to say. */
export function sentenceOf(fact: Fact, teams: Pair<string>): string | undefined {
  const [first, second] = fact.players?.map(({ name }) => name ?? unknownPlayer) ?? []
  const team = 'team' in fact && fact.team !== undefined ? teams[fact.team] : ''
  const who = first === undefined ? team : `${first} (${team})`
  switch (fact.kind) {
    case 'goal':
      return goalSentence(fact, who, second, teams)
    case 'card':
      return {
        yellow: `Yellow card for ${who}.`,
        second_yellow: `Second yellow card for ${who}, who has to go.`,
        red: `Red card for ${who}.`,
      }[fact.data.card]
    case 'substitution':
      return second === undefined ? `${team} bring on ${first ?? 'a player'}.` : `${team} bring on ${first} for ${second}.`
    case 'penalty':
      return `Penalty for ${team}.`
    case 'penalty_missed':
      return fact.data.outcome === 'saved' ? `The penalty of ${who} is saved.` : `${who} misses the penalty.`
    case 'kick':
      return fact.data.outcome === 'scored' ? `${who} scores.` : `${who} does not score.`
    case 'shot':
      return {
        saved: `Shot by ${who}, saved.`,
        missed: `${who} shoots wide.`,
        blocked: `Shot by ${who}, blocked.`,
        post: `${who} hits the post.`,
      }[fact.data.outcome]
    case 'corner':
      return first === undefined ? `Corner for ${team}.` : `Corner for ${team}, taken by ${first}.`
    case 'foul':
      return second === undefined ? `Foul by ${who}.` : `Foul by ${who} on ${second}.`
    case 'offside':
      return `Offside: ${who}.`
    case 'injury':
      return first === undefined ? 'Play is stopped for an injury.' : `Play is stopped: ${first} needs treatment.`
    default:
      return undefined
  }
}

function goalSentence(fact: Fact & { readonly kind: 'goal' }, who: string, assist: string | undefined, teams: Pair<string>): string {
  const how = fact.data?.how ?? 'play'
  if (how === 'own') return `Own goal by ${who}: ${teams[otherSide(fact.team)]} are given the goal.`
  const words = { play: '', penalty: ' from the penalty spot', free_kick: ' from a free kick', header: ' with a header' }[how]
  return `Goal! ${who} scores${words}${assist === undefined ? '' : `, set up by ${assist}`}.`
}
