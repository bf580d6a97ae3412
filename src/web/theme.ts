import { signal } from '@preact/signals'

export type Theme = 'light' | 'dark'

const storageKey = 'fanfare.theme'

/** The theme that is shown: what was chosen here before, else what the system prefers. */
export const theme = signal<Theme>(stored() ?? preferred())

/** Shows the theme, and follows the system until something is chosen. */
export function startTheme(): void {
  show()
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    if (stored() === undefined) choose(preferred(), false)
  })
}

export function toggleTheme(): void {
  choose(theme.value === 'dark' ? 'light' : 'dark', true)
}

function choose(next: Theme, remember: boolean): void {
  theme.value = next
  if (remember) remembering(() => localStorage.setItem(storageKey, next))
  show()
}

function show(): void {
  document.documentElement.dataset.theme = theme.value
}

function preferred(): Theme {
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
}

function stored(): Theme | undefined {
  const value = remembering(() => localStorage.getItem(storageKey))
  return value === 'light' || value === 'dark' ? value : undefined
}

/** Storage throws where a browser forbids it; the page then forgets the choice, and nothing else. */
function remembering<T>(use: () => T): T | undefined {
  try {
    return use()
  } catch {
    return undefined
  }
}
