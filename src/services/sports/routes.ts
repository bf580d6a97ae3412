import { CommandError, errors, readDelay } from '../../protocol/index.ts'
import type { ServiceHost } from '../../service.ts'
import { readGame } from './batch.ts'
import type { Games } from './games.ts'
import type { Match } from './match.ts'
import { gameIdSchema, ordered, priorityOf, shotsOf } from './model/index.ts'
import { noSuchGame } from './receipt.ts'

type Params = Readonly<Record<string, string>>

/** Boards may be a second old, and may be shown while they are asked for again (sports S13). */
const boardHeaders = { 'Cache-Control': 'public, max-age=1, stale-while-revalidate=5', 'Access-Control-Allow-Origin': '*' }
const neverKept = { 'Cache-Control': 'no-store' }

/** What is asked and told about games over HTTP. */
export function addRoutes(server: ServiceHost, games: Games): void {
  server.route('GET', '/sports/games', async request => {
    const delayMs = delayIn(request)
    return open({ games: await games.list(undefined, delayMs), serverUtcMs: server.clock.now() - delayMs })
  })
  const about = (answer: (match: Match, request: Request) => object) => async (request: Request, params: Params) => {
    const match = await games.match(params.id ?? '', delayIn(request))
    return match === undefined ? missing(noSuchGame(params.id ?? '')) : open(answer(match, request))
  }
  server.route(
    'GET',
    '/sports/games/:id/board',
    about(({ id, board }) => ({ id, board })),
  )
  server.route(
    'GET',
    '/sports/games/:id/snapshot',
    about((match, request) => match.snapshot(server.clock.now() - delayIn(request))),
  )
  server.route(
    'GET',
    '/sports/games/:id/events',
    about(({ events }) => ({ events: ordered(events) })),
  )
  server.route('GET', '/sports/games/:id/commentary', about(commentaryOf))
  server.route(
    'GET',
    '/sports/games/:id/shots',
    about(({ events }) => ({ shots: shotsOf(events) })),
  )
  server.route('PUT', '/sports/games/:id', async (request, params) => {
    const body = await server.readTrusted(request)
    const id = idOf(params)
    // Read here as well, for the answer.
    const game = readGame(id, body)
    const isNew = await games.put(id, body)
    return Response.json({ game }, { status: isNew ? 201 : 200, headers: neverKept })
  })
  server.route('POST', '/sports/games/:id/events', async (request, params) => {
    const body = await server.readTrusted(request)
    const id = idOf(params)
    if (!(await games.has(id))) throw noSuchGame(id)
    return Response.json(await games.ingest(id, body), { headers: neverKept })
  })
}

/** How far behind the asker wants to be: `?delay=30s`. @throws CommandError 107 */
function delayIn(request: Request): number {
  const delay = new URL(request.url).searchParams.get('delay')
  return delay === null ? 0 : readDelay(delay, 'delay')
}

function open(answer: object): Response {
  return Response.json(answer, { headers: boardHeaders })
}

function idOf({ id }: Params): string {
  const parsed = gameIdSchema.safeParse(id)
  if (!parsed.success) throw new CommandError(errors.badRequest, 'id: expected letters, digits, ".", "_" and "-", at most 64')
  return parsed.data
}

/** What is not there yet must not be remembered by a cache in between. */
function missing(error: CommandError): Response {
  return Response.json({ error: error.toReply() }, { status: 404, headers: neverKept })
}

const pageMax = 200

/** Commentary in pages, newest last: `?before=<id>&limit=50` gives those right before a line. */
function commentaryOf(match: Match, request: Request): object {
  const { searchParams } = new URL(request.url)
  const lines = ordered(match.events.filter(event => priorityOf(event) === 'text' && event.state !== 'deleted'))
  const before = searchParams.get('before')
  const end = before === null ? lines.length : lines.findIndex(({ id }) => id === before)
  if (end === -1) throw new CommandError(errors.badRequest, 'before: no line of this id')
  const limit = Number(searchParams.get('limit') ?? '50')
  if (!Number.isInteger(limit) || limit < 1 || limit > pageMax) throw new CommandError(errors.badRequest, `limit: expected 1 to ${pageMax}`)
  return { lines: lines.slice(Math.max(0, end - limit), end), more: end > limit }
}
