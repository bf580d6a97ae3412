import type { AccessRequest, Grant, Namespace } from '../../hub/index.ts'
import { namespaceDefaults } from '../../hub/index.ts'
import type { Server, Service } from '../../server/index.ts'
import { Demo, type DemoOptions, demoLeague, gameChannel } from './demo.ts'
import type { Match } from './match.ts'
import { final2022, semi2014 } from './timelines/index.ts'
import gamesPage from './web/games.html'
import matchPage from './web/match.html'

export interface SportsOptions {
  /** Replays of real matches; none when absent. */
  readonly demo?: DemoOptions
}

/** Key events are kept for two hours, at most 512 of them: enough for a match that goes to penalties, and for a page that slept through it (sports S14). */
const sportsNamespace: Namespace = {
  ...namespaceDefaults,
  name: 'sports',
  delivery: 'lanes',
  historySize: 512,
  historyTtlMs: 2 * 60 * 60_000,
  historyStore: 'disk',
  forceRecovery: true,
}

/** Boards may be a second old, and may be shown while they are asked for again (sports S13). */
const boardHeaders = { 'Cache-Control': 'public, max-age=1, stale-while-revalidate=5', 'Access-Control-Allow-Origin': '*' }

/** Live matches: their channels, their boards over HTTP, and their pages. */
export function sportsService(server: Server, { demo: demoOptions }: SportsOptions = {}): Service {
  const demo = new Demo(server, demoOptions === undefined ? [] : [final2022, semi2014], demoOptions ?? { speed: 1 })
  return {
    name: 'sports',
    async start() {
      server.namespace(sportsNamespace)
      server.authorize('sports', request => admit(server, demo, request))
      await demo.start()
      addRoutes(server, demo)
      server.page('/sports', gamesPage)
      server.page('/sports/:id', matchPage)
    },
    close: () => demo.close(),
  }
}

/** Everyone may follow what there is; only the service itself publishes. */
function admit(server: Server, demo: Demo, { channel, action }: AccessRequest): boolean | Grant {
  if (action === 'publish') return false
  if (channel === demoLeague) return { data: () => listGames(server, demo) }
  const match = demo.matches.find(({ id }) => gameChannel(id) === channel)
  return match === undefined ? false : { data: () => match.snapshot(server.clock.now()) }
}

function addRoutes(server: Server, demo: Demo): void {
  const ofMatch = (answer: (match: Match) => object) => (_: Request, params: Readonly<Record<string, string>>) => {
    const match = demo.match(params.id ?? '')
    return match === undefined ? noSuchGame() : Response.json(answer(match), { headers: boardHeaders })
  }
  const snapshotOf = (match: Match) => match.snapshot(server.clock.now())
  const boardOf = (match: Match) => ({ id: match.id, board: match.board })
  server.route('GET', '/sports/games', () => Response.json(listGames(server, demo), { headers: boardHeaders }))
  server.route('GET', '/sports/games/:id/snapshot', ofMatch(snapshotOf))
  server.route('GET', '/sports/games/:id/board', ofMatch(boardOf))
}

function listGames(server: Server, demo: Demo) {
  return { games: demo.matches.map(match => match.listed(server.clock.now())) }
}

function noSuchGame(): Response {
  return Response.json(
    { error: { code: 404, message: 'not_found: no game of this id' } },
    { status: 404, headers: { 'Cache-Control': 'no-store' } },
  )
}
