import type { AccessRequest, Grant, ServiceHost } from '../../service.ts'
import { ChannelHeartbeat } from './channel-heartbeat.ts'
import { gameChannel, subjectOf } from './channels.ts'
import { addChunkRoutes } from './chunk-routes.ts'
import { type Pace, RecordingPlayer } from './feeds/player.ts'
import type { Recording } from './feeds/recording.ts'
import { recordTimeline } from './feeds/timeline.ts'
import { Games } from './games.ts'
import { addRoutes } from './routes.ts'
import { SportsStore } from './store.ts'
import { final2022, semi2014 } from './timelines/index.ts'

export interface SportsOptions {
  /** The SQLite file that games are kept in, or `:memory:`. */
  readonly path: string
  /** Replays two real matches again and again, at so many seconds of play a second; none when absent. */
  readonly demo?: { readonly speed: number }
  /** Recordings to play, each as a game of its own. */
  readonly replays?: readonly { readonly recording: Recording; readonly pace: Pace }[]
}

/** Live matches: what feeds say of them, their channels, and their boards over HTTP. */
export async function startSports(server: ServiceHost, { path, demo, replays = [] }: SportsOptions): Promise<void> {
  const store = new SportsStore(path)
  server.onClose(() => store.close())
  const games = new Games(server, store)
  server.onClose(() => games.close())
  const heartbeat = new ChannelHeartbeat(server, games)
  const host = { clock: server.clock, log: server.log, games }
  const chunked = (id: string) =>
    games.has(id) ? { id, channel: gameChannel(id), snapshot: () => games.match(id)?.snapshot(server.clock.now()) } : undefined
  server.authorize('sports', request => admit(server, games, request), { anonymous: true })
  await games.start()
  for (const { recording, pace } of [...demoReplays(demo), ...replays]) {
    const player = new RecordingPlayer(recording, pace, host)
    server.onClose(() => player.close())
    await player.start()
  }
  heartbeat.start()
  addRoutes(server, games)
  const chunks = addChunkRoutes(server, chunked)
  server.onClose(() => {
    heartbeat.close()
    chunks.close()
  })
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
function admit({ clock }: ServiceHost, games: Games, { channel, action, delayMs = 0 }: AccessRequest): boolean | Grant {
  const subject = subjectOf(channel)
  if (action === 'publish' || subject === undefined) return false
  if (subject.kind !== 'game') {
    return { forEveryone: true, data: () => ({ games: games.list(subject, delayMs), serverUtcMs: clock.now() - delayMs }) }
  }
  if (!games.has(subject.id)) return false
  return { forEveryone: true, data: () => games.match(subject.id, delayMs)?.snapshot(clock.now() - delayMs) ?? null }
}
