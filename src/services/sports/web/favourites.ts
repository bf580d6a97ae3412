import { signal } from '@preact/signals'
import * as z from 'zod/mini'

const storageKey = 'fanfare.sports.favourites'
/** Each is a channel more on one stream, of which a server allows 128. */
const gamesMax = 40
const teamsMax = 20

const schema = z.object({
  games: z.array(z.string()),
  teams: z.array(z.object({ id: z.string(), name: z.string() })),
})

export type Favourites = z.infer<typeof schema>

/** The matches and teams that were starred here, kept by the browser. */
export const favourites = signal<Favourites>(stored())

/** Stars what is not starred, and the other way round. The oldest make room. */
export function toggleGame(id: string): void {
  const { games } = favourites.value
  keep({ ...favourites.value, games: games.includes(id) ? games.filter(other => other !== id) : [...games, id].slice(-gamesMax) })
}

export function toggleTeam({ id, name }: { readonly id: string; readonly name: string }): void {
  const { teams } = favourites.value
  const rest = teams.filter(other => other.id !== id)
  keep({ ...favourites.value, teams: rest.length < teams.length ? rest : [...rest, { id, name }].slice(-teamsMax) })
}

/** Follows what is starred in another tab. */
export function followStorage(): void {
  window.addEventListener('storage', ({ key }) => {
    if (key === storageKey) favourites.value = stored()
  })
}

function keep(next: Favourites): void {
  favourites.value = next
  try {
    localStorage.setItem(storageKey, JSON.stringify(next))
  } catch {
    // A browser may forbid storage; the stars then last as long as the page.
    return
  }
}

function stored(): Favourites {
  try {
    const parsed = schema.safeParse(JSON.parse(localStorage.getItem(storageKey) ?? ''))
    if (parsed.success) return parsed.data
  } catch {
    // Nothing there, or nothing that this version wrote.
    return { games: [], teams: [] }
  }
  return { games: [], teams: [] }
}
