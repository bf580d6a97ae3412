import { every, type Timer, unreachable } from '../../kit/index.ts'
import { CommandError } from '../../protocol/index.ts'
import type { ServiceHost } from '../../service.ts'
import { type ChunkedGame, ChunkFeed } from './chunk-feed.ts'
import { chunkLimits } from './chunk-limits.ts'

/** Finds the game of an id. */
export type FindGame = (id: string) => ChunkedGame | undefined | Promise<ChunkedGame | undefined>
type Params = Readonly<Record<string, string>>
/** What of the server the routes use. */
export type ChunkServer = Pick<ServiceHost, 'clock' | 'follow' | 'route'>

const open = { 'Access-Control-Allow-Origin': '*' } as const
const json = { ...open, 'Content-Type': 'application/json' } as const
/** A year, the longest that caches are asked for. */
const forever = { ...json, 'Cache-Control': 'public, max-age=31536000, immutable' } as const
const fresh = { ...json, 'Cache-Control': 'public, max-age=1, stale-while-revalidate=5' } as const
const never = { ...json, 'Cache-Control': 'no-store' } as const
/**
 * What is gone stays gone. A cache that collapses requests must be able to keep this answer, or it lets those who wait ask one by one: nginx
 * took half a second for each.
 */
const gone410 = { ...json, 'Cache-Control': 'public, max-age=10' } as const
/** For the same reason. Whoever adds the game is at most a second ahead of its viewers. */
const unknown404 = { ...json, 'Cache-Control': 'public, max-age=1' } as const
const shared = {
  ...open,
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': `public, max-age=${chunkLimits.streamAgeS}`,
  'X-Accel-Buffering': 'no',
} as const

/** How often games that nobody asks for are looked for. */
const sweepMs = 60_000

/**
 * The form of games that any cache can serve (sports S13, S15, S16): finished chunks and snapshots by version never change, the next chunk
 * is held until it is there, and what is not there is never kept. Everybody asks for the same addresses, so that a cache asks once.
 * @param find the game of an id, undefined where there is none
 */
export function addChunkRoutes(server: ChunkServer, find: FindGame): ChunkRoutes {
  const routes = new ChunkRoutes(server, find)
  const answer = (path: string, handler: (request: Request, params: Params) => Promise<Response>) =>
    server.route('GET', `/sports/games/:id/${path}`, (request, params) => {
      // Better refused than passed over: who asks to be behind must not be told the score.
      if (new URL(request.url).searchParams.has('delay')) return refusal(noDelay())
      return handler(request, params).catch(refusal)
    })
  answer('chunks/:n', (request, params) => routes.chunk(request, params))
  answer('sse/:n', (request, params) => routes.stream(request, params))
  answer('latest', (_, params) => routes.latest(params))
  answer('snapshot@:version', (_, params) => routes.edition(params))
  return routes
}

/** The games that are asked for in this form. */
class ChunkRoutes {
  /** In the order in which they were asked for. */
  readonly #feeds = new Map<string, { readonly feed: ChunkFeed; askedAtMs: number }>()
  readonly #sweep: Timer
  #held = 0

  constructor(
    readonly server: ChunkServer,
    readonly find: FindGame,
  ) {
    this.#sweep = every(server.clock, sweepMs, () => this.#forgetIdle())
  }

  async chunk(request: Request, params: Params): Promise<Response> {
    const feed = await this.#feedOf(params)
    const n = numberOf(params, 'n')
    if (!isOfEpoch(request, feed)) return gone(feed)
    const place = feed.chunks.find(n)
    switch (place.kind) {
      case 'closed':
        return new Response(place.chunk.body, { headers: forever })
      case 'next':
        return this.#hold(feed)
      case 'ahead':
        return ahead(feed)
      case 'gone':
        return gone(feed)
      default:
        return unreachable(place)
    }
  }

  async stream(request: Request, params: Params): Promise<Response> {
    const feed = await this.#feedOf(params)
    const n = numberOf(params, 'n')
    const { kind } = feed.chunks.find(n)
    if (kind === 'gone' || !isOfEpoch(request, feed)) return gone(feed)
    if (kind === 'ahead') return ahead(feed)
    // The answer to a question about the head alone has no body that would end.
    if (request.method === 'HEAD') return new Response(null, { headers: shared })
    if (this.#streams >= chunkLimits.streamsMax) throw busy()
    return new Response(feed.stream(n).body, { headers: shared })
  }

  async latest(params: Params): Promise<Response> {
    const feed = await this.#feedOf(params)
    const body = await feed.latest()
    if (body === undefined) throw noSuchGame()
    return new Response(body, { headers: fresh })
  }

  async edition(params: Params): Promise<Response> {
    const feed = await this.#feedOf(params)
    const edition = await feed.edition(numberOf(params, 'version'))
    if (edition === 'ahead') return ahead(feed)
    return edition === 'gone' ? gone(feed) : new Response(edition, { headers: forever })
  }

  close(): void {
    this.#sweep.cancel()
    for (const { feed } of this.#feeds.values()) feed.close()
    this.#feeds.clear()
  }

  async #hold(feed: ChunkFeed): Promise<Response> {
    if (this.#held >= chunkLimits.heldMax) throw busy()
    this.#held++
    const chunk = await feed.nextChunk()
    this.#held--
    return chunk === undefined ? new Response(null, { status: 204, headers: never }) : new Response(chunk.body, { headers: forever })
  }

  async #feedOf({ id = '' }: Params): Promise<ChunkFeed> {
    const game = await this.find(id)
    if (game === undefined) throw noSuchGame()
    const feed = this.#feeds.get(id)?.feed ?? new ChunkFeed(this.server, game, () => this.#forget(id))
    this.#feeds.delete(id)
    this.#feeds.set(id, { feed, askedAtMs: this.server.clock.now() })
    for (const oldest of this.#feeds.keys()) {
      if (this.#feeds.size <= chunkLimits.gamesMax) break
      this.#forget(oldest)
    }
    try {
      await feed.opened
    } catch (error) {
      if (this.#feeds.get(id)?.feed === feed) this.#forget(id)
      throw error
    }
    return feed
  }

  #forgetIdle(): void {
    const before = this.server.clock.now() - chunkLimits.idleMs
    for (const [id, { askedAtMs }] of this.#feeds) if (askedAtMs < before) this.#forget(id)
  }

  #forget(id: string): void {
    this.#feeds.get(id)?.feed.close()
    this.#feeds.delete(id)
  }

  get #streams(): number {
    let sum = 0
    for (const { feed } of this.#feeds.values()) sum += feed.streams
    return sum
  }
}

/** The links that are given name the history that they are of, so that a cache never hands out those of one that was thrown away. */
function isOfEpoch(request: Request, feed: ChunkFeed): boolean {
  const given = new URL(request.url).searchParams.get('epoch')
  return given === null || given === feed.epoch
}

/** It will be there, but later than what is held: nothing is said that a cache could keep. */
function ahead(feed: ChunkFeed): Response {
  return refuse(404, `not_yet: the next chunk is ${feed.chunks.next}`, feed, never)
}

function gone(feed: ChunkFeed): Response {
  return refuse(410, 'gone: begin again from the snapshot', feed, gone410)
}

function refuse(code: number, message: string, { game }: ChunkFeed, headers: Readonly<Record<string, string>>): Response {
  const snapshot = `/sports/games/${encodeURIComponent(game.id)}/latest`
  return Response.json({ error: { code, message }, snapshot }, { status: code, headers })
}

function numberOf(params: Params, name: string): number {
  const text = params[name] ?? ''
  if (!/^(0|[1-9]\d{0,14})$/.test(text)) throw new CommandError({ code: 404, message: `not_found: ${name} is a number` })
  return Number(text)
}

/** A refusal is as little to be kept as anything else that is not finished. */
function refusal(error: unknown): Response {
  if (!(error instanceof CommandError)) throw error
  // What the broker refuses is not for the viewer to mend.
  const status = error.code >= 400 && error.code < 600 ? error.code : 503
  const headers = status === 503 ? { ...never, 'Retry-After': '1' } : status === 404 ? unknown404 : never
  return Response.json({ error: error.toReply() }, { status, headers })
}

function noSuchGame(): CommandError {
  return new CommandError({ code: 404, message: 'not_found: no game of this id' })
}

function noDelay(): CommandError {
  return new CommandError({
    code: 400,
    message: 'bad_request: delay: what caches serve is the same for everyone; /sse, /snapshot and /board take it',
  })
}

function busy(): CommandError {
  return new CommandError({ code: 503, message: 'busy: too many wait here', temporary: true })
}
