import { signal } from '@preact/signals'

/** What the pages offer, in seconds. Servers take anything up to a minute. */
export const delays = [0, 10, 30, 60] as const
export type DelayS = (typeof delays)[number]

const storageKey = 'fanfare.sports.delay'

/** How far behind every sports page is, kept by the browser: a score that is ahead on one page would spoil the others. */
export const delayS = signal<DelayS>(stored())

export function chooseDelay(chosen: DelayS): void {
  delayS.value = chosen
  try {
    localStorage.setItem(storageKey, String(chosen))
  } catch {
    // A browser may forbid storage; the choice then lasts as long as the page.
    return
  }
}

/** As streams are asked for it; undefined for none. */
export function askedDelay(): string | undefined {
  return delayS.value === 0 ? undefined : `${delayS.value}s`
}

/** Runs each time the delay is changed, here or in another tab. */
export function whenDelayChanges(run: () => void): void {
  let known = delayS.value
  delayS.subscribe(now => {
    if (now === known) return
    known = now
    run()
  })
}

/** Follows what is chosen in another tab. */
export function followDelay(): void {
  window.addEventListener('storage', ({ key }) => {
    if (key === storageKey) delayS.value = stored()
  })
}

function stored(): DelayS {
  try {
    const kept = localStorage.getItem(storageKey)
    return delays.find(delay => String(delay) === kept) ?? 0
  } catch {
    // Nothing can be kept where storage is forbidden.
    return 0
  }
}
