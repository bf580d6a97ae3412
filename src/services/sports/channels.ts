import type { Game } from './model/index.ts'

/** The league that every game belongs to. */
export const everything = 'all'

export function gameChannel(id: string): string {
  return `sports:game_${id}`
}

export function leagueChannel(id: string): string {
  return `sports:league_${id}`
}

function teamChannel(id: string): string {
  return `sports:team_${id}`
}

/** Where the boards of a game are told. */
export function boardChannels({ league, home, away }: Game): string[] {
  return [...new Set([leagueChannel(everything), leagueChannel(league), teamChannel(home.id), teamChannel(away.id)])]
}

/** What a channel of this service is about. */
export type Subject = { readonly kind: 'game' | 'league' | 'team'; readonly id: string }

/** Reads `sports:game_<id>`, `sports:league_<id>` or `sports:team_<id>`; anything else is undefined. */
export function subjectOf(channel: string): Subject | undefined {
  const [, kind, id = ''] = /^sports:(game|league|team)_([A-Za-z0-9][A-Za-z0-9._-]{0,63})$/.exec(channel) ?? []
  return kind === 'game' || kind === 'league' || kind === 'team' ? { kind, id } : undefined
}
