import type { Desk } from './desk.ts'
import { Icon } from './icons.tsx'

/** Says that what is shown may be old, and what becomes of what one writes. Appears a moment late, so that a short break is no news. */
export function LinkBar({ desk: { store } }: { readonly desk: Desk }) {
  const link = store.link.value
  if (link === 'live') return null
  return (
    <p class="link-bar" data-link={link} role="status">
      {link === 'offline' ? <Icon name="cloudOff" /> : <span class="spinner" />}
      {link === 'offline' ? 'You are offline. What you write is sent when the connection is back.' : 'Connecting…'}
    </p>
  )
}
