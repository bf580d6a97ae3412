import type { MatchEvent } from '../model/index.ts'

/** A small picture of what happened. Decoration: the words stand beside it. */
export function EventIcon({ event, isDismissal = false }: { readonly event: MatchEvent; readonly isDismissal?: boolean }) {
  switch (event.kind) {
    case 'goal':
      return <BallIcon />
    case 'goal_disallowed':
      return <KickIcon outcome="missed" />
    case 'card':
      return <CardIcon card={event.data.card === 'yellow' && isDismissal ? 'second_yellow' : event.data.card} />
    case 'substitution':
      return <SwapIcon />
    case 'penalty':
      return <SpotIcon />
    case 'penalty_missed':
    case 'kick':
      return <KickIcon outcome={event.data.outcome} />
    case 'var_start':
    case 'var_end':
      return <ScreenIcon />
    default:
      return null
  }
}

export function BallIcon() {
  return (
    <svg class="icon ball" viewBox="0 0 24 24" aria-hidden="true">
      <circle cx="12" cy="12" r="10" fill="#fff" stroke="#16181e" stroke-width="1.6" />
      <path d="m12 7.6 4.2 3-1.6 4.900H9.400l-1.6-4.900Z" fill="#16181e" />
      <path
        d="M12 7.600V3M16.2 10.600l4.4-1.500M14.6 15.500l2.8 3.800M9.4 15.500l-2.8 3.800M7.8 10.6 3.4 9.1"
        stroke="#16181e"
        stroke-width="1.6"
      />
    </svg>
  )
}

export function CardIcon({ card }: { readonly card: 'yellow' | 'second_yellow' | 'red' }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      {card === 'second_yellow' ? (
        <rect x="4" y="3" width="11" height="16" rx="2" fill="var(--yellow-card)" transform="rotate(-8 9 11)" />
      ) : null}
      <rect
        x="7"
        y="4"
        width="11"
        height="16"
        rx="2"
        fill={card === 'yellow' ? 'var(--yellow-card)' : 'var(--red-card)'}
        transform="rotate(8 12 12)"
      />
    </svg>
  )
}

function SwapIcon() {
  return (
    <svg class="icon" viewBox="0 0 24 24" fill="none" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
      <path d="M8 20V5M4 9l4-4 4 4" stroke="var(--good)" />
      <path d="M16 4v15M12 15l4 4 4-4" stroke="var(--bad)" />
    </svg>
  )
}

function KickIcon({ outcome }: { readonly outcome: 'scored' | 'saved' | 'missed' }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" fill="none" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
      <circle cx="12" cy="12" r="10" fill={outcome === 'scored' ? 'var(--good)' : 'var(--bad)'} />
      <path d={outcome === 'scored' ? 'm7.5 12.4 3 3 6-6.4' : 'm8.5 8.5 7 7m0-7-7 7'} stroke="var(--surface)" />
    </svg>
  )
}

/** A screen, as a referee draws it into the air. */
export function ScreenIcon() {
  return (
    <svg class="icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round" aria-hidden="true">
      <rect x="2.5" y="5" width="19" height="14" rx="2.5" />
      <path d="m10 9 5 3-5 3Z" fill="currentColor" />
    </svg>
  )
}

function SpotIcon() {
  return (
    <svg class="icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" aria-hidden="true">
      <circle cx="12" cy="12" r="9" />
      <circle cx="12" cy="12" r="2.500" fill="currentColor" />
    </svg>
  )
}
