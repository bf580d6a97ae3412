import type { MessageState } from '../client/index.ts'

const words: Readonly<Record<MessageState, string>> = {
  waiting: 'Waiting to be sent',
  sent: 'Sent',
  delivered: 'Delivered',
  read: 'Read',
  failed: 'Not sent',
}

const paths: Readonly<Record<MessageState, string>> = {
  waiting: 'M9 14.500a6 6 0 1 0 0-12 6 6 0 0 0 0 12ZM9 5.500v3.300l2.300 1.500',
  sent: 'M3.500 9l3.500 3.500L14 5',
  delivered: 'M1 9l3.500 3.500L11.500 5M8.500 11.800l.8.700L16.500 5',
  read: 'M1 9l3.500 3.500L11.500 5M8.500 11.800l.8.700L16.500 5',
  failed: 'M9 15A6 6 0 1 0 9 3a6 6 0 0 0 0 12ZM9 6v3.500M9 12v.01',
}

/** How far one's own message has come: a clock, one tick, two, two in colour. */
export function Ticks({ state }: { readonly state: MessageState }) {
  return (
    <svg class="ticks" data-state={state} viewBox="0 0 18 17" role="img" aria-label={words[state]}>
      <title>{words[state]}</title>
      <path d={paths[state]} fill="none" stroke="currentColor" stroke-width="1.700" stroke-linecap="round" stroke-linejoin="round" />
    </svg>
  )
}
