import { type AccessRequest, defineNamespace, type Grant } from '../../hub/index.ts'
import { delayMaxMs } from '../../protocol/index.ts'
import type { Server, Service } from '../../server/index.ts'
import { ChannelHeartbeat } from './channel-heartbeat.ts'
import { gameChannel, subjectOf } from './channels.ts'
import { addChunkRoutes, type ChunkRoutes } from './chunk-routes.ts'
import { type Pace, RecordingPlayer } from './feeds/player.ts'
import type { Recording } from './feeds/recording.ts'
import { recordTimeline } from './feeds/timeline.ts'
import { Games } from './games.ts'
import { addRoutes } from './routes.ts'
import { SportsStore } from './store.ts'
import { final2022, semi2014 } from './timelines/index.ts'
import gamesPage from './web/games.html'
import matchPage from './web/match.html'

export interface SportsOptions {
  /** The SQLite file that games are kept in, or `:memory:`. */
  readonly path: string
  /** Replays two real matches again and again, at so many seconds of play a second; none when absent. */
  readonly demo?: { readonly speed: number }
  /** Recordings to play, each as a game of its own. */
  readonly replays?: readonly { readonly recording: Recording; readonly pace: Pace }[]
}

/** Key events are kept for two hours, at most 512 of them: enough for a match that goes to penalties, and for a page that slept through it (sports S14). */
const sportsNamespace = defineNamespace({
  name: 'sports',
  delivery: 'lanes',
  historySize: 512,
  historyTtlMs: 2 * 60 * 60_000,
  historyStore: 'disk',
  delayMaxMs,
  forceRecovery: true,
})

/** Live matches: what feeds say of them, their channels, their boards over HTTP, and their pages. */
export function sportsService(server: Server, { path, demo, replays = [] }: SportsOptions): Service {
  const store = new SportsStore(path)
  const games = new Games(server, store)
  const heartbeat = new ChannelHeartbeat(server, games)
  const host = { clock: server.clock, log: server.log, games }
  let chunks: ChunkRoutes | undefined
  const chunked = (id: string) =>
    games.has(id) ? { id, channel: gameChannel(id), snapshot: () => games.match(id)?.snapshot(server.clock.now()) } : undefined
  const players = [...demoReplays(demo), ...replays].map(({ recording, pace }) => new RecordingPlayer(recording, pace, host))
  return {
    name: 'sports',
    async start() {
      server.namespace(sportsNamespace)
      server.authorize('sports', request => admit(server, games, request), { anonymous: true })
      await games.start()
      for (const player of players) await player.start()
      heartbeat.start()
      addRoutes(server, games)
      chunks = addChunkRoutes(server, chunked)
      server.page('/sports', gamesPage)
      server.page('/sports/:id', matchPage)
    },
    async close() {
      heartbeat.close()
      chunks?.close()
      for (const player of players) await player.close()
      games.close()
      store.close()
    },
  }
}

/** The matches of the demo do not move together. */
function demoReplays(demo: SportsOptions['demo']): { recording: Recording; pace: Pace }[] {
  if (demo === undefined) return []
  const recordings = [final2022, semi2014].map(recordTimeline)
  return recordings.map((recording, index) => ({
    recording,
    pace: { speed: demo.speed, loopOffsetMs: Math.round((recording.lengthMs / demo.speed / recordings.length) * index) },
  }))
}

/** Everyone may follow what there is, as it is or as it was; only the service itself publishes. */
function admit({ clock }: Server, games: Games, { channel, action, delayMs = 0 }: AccessRequest): boolean | Grant {
  const subject = subjectOf(channel)
  if (action === 'publish' || subject === undefined) return false
  if (subject.kind !== 'game') {
    return { forEveryone: true, data: () => ({ games: games.list(subject, delayMs), serverUtcMs: clock.now() - delayMs }) }
  }
  if (!games.has(subject.id)) return false
  return { forEveryone: true, data: () => games.match(subject.id, delayMs)?.snapshot(clock.now() - delayMs) ?? null }
}
