import type { ChatClient } from '../client/index.ts'

/** Tells the client whether somebody sits here: at each input while the page is visible, and when it is hidden. @returns what ends that */
export function followAttention(inUse: ChatClient['inUse']): () => void {
  const listening = new AbortController()
  const options = { signal: listening.signal, passive: true, capture: true }
  const touched = () => {
    if (document.visibilityState === 'visible') inUse.touched()
  }
  for (const event of ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart', 'focus'])
    window.addEventListener(event, touched, options)
  document.addEventListener('visibilitychange', () => (document.visibilityState === 'hidden' ? inUse.left() : touched()), options)
  window.addEventListener('pagehide', () => inUse.left(), options)
  if (document.hasFocus()) touched()
  return () => listening.abort()
}
