import { unreachable } from '../../../kit/index.ts'
import type { MatchEvent } from './event.ts'

/** How fast an event must be with the viewers (sports S9, S10): at once and never lost, in the figures once a second, or as commentary. */
export type Priority = 'urgent' | 'detail' | 'text'

export function priorityOf({ kind }: MatchEvent): Priority {
  switch (kind) {
    case 'goal':
    case 'goal_disallowed':
    case 'card':
    case 'substitution':
    case 'penalty':
    case 'penalty_missed':
    case 'kick':
    case 'period_start':
    case 'period_end':
    case 'var_start':
    case 'var_end':
    case 'added_time':
    case 'clock':
    case 'status':
    case 'lineup':
    case 'coach':
      return 'urgent'
    case 'commentary':
      return 'text'
    case 'shot':
    case 'save':
    case 'foul':
    case 'corner':
    case 'offside':
    case 'injury':
    case 'stat':
    case 'unknown':
      return 'detail'
    default:
      return unreachable(kind)
  }
}
