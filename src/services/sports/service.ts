import { CommandError } from '../../protocol/index.ts'
import type { AccessRequest, Grant, Position, ServiceHost } from '../../service.ts'
import { ChannelHeartbeat } from './channel-heartbeat.ts'
import { gameChannel, type Subject, subjectOf } from './channels.ts'
import { addChunkRoutes } from './chunk-routes.ts'
import { type Pace, RecordingPlayer } from './feeds/player.ts'
import type { Recording } from './feeds/recording.ts'
import { recordTimeline } from './feeds/timeline.ts'
import { Games } from './games.ts'
import { type GameMessage, gameMessageSchema } from './model/index.ts'
import { addRoutes } from './routes.ts'
import { SportsStore } from './store.ts'
import { final2022, semi2014 } from './timelines/index.ts'

/** A recording, and how it is played. */
interface Replay {
  readonly recording: Recording
  readonly pace: Pace
}

export interface SportsOptions {
  /** Replays two real matches again and again, at so many seconds of play a second; none when absent. */
  readonly demo?: { readonly speed: number }
  /** Recordings to play, each as a game of its own. */
  readonly replays?: readonly Replay[]
}

/** Live matches: what feeds say of them, their channels, and their boards over HTTP. */
export async function startSports(server: ServiceHost, { demo, replays = [] }: SportsOptions): Promise<void> {
  const { clock } = server
  const games = new Games(server, { store: new SportsStore(server.store.sql), isShared: server.store.isShared })
  server.onClose(() => games.close())
  const heartbeat = new ChannelHeartbeat(server, games)
  const snapshotOf = async (id: string) => (await games.match(id))?.snapshot(clock.now())
  const numbering = server.store.isShared ? ({ numbering: 'places' } as const) : {}
  const chunked = async (id: string) =>
    (await games.has(id)) ? { id, channel: gameChannel(id), ...numbering, snapshot: () => snapshotOf(id) } : undefined
  server.authorize('sports', request => admit(server, games, request), { anonymous: true })
  await games.start()
  playAll(server, games, [...demoReplays(demo), ...replays])
  heartbeat.start()
  addRoutes(server, games)
  const chunks = addChunkRoutes(server, chunked)
  server.onClose(() => {
    heartbeat.close()
    chunks.close()
  })
}

/** Each recording is played at one node at a time. */
function playAll(server: ServiceHost, games: Games, replays: readonly Replay[]): void {
  const byId = new Map(replays.map(replay => [replay.recording.id, replay]))
  server.owned<RecordingPlayer>('replay', {
    keys: () => byId.keys(),
    async open(id) {
      const replay = byId.get(id)
      if (replay === undefined) throw new CommandError({ code: 404, message: `not_found: no recording "${id}"` })
      const player = new RecordingPlayer(replay.recording, replay.pace, { clock: server.clock, log: server.log, games })
      await player.start()
      return player
    },
    close: player => player.close(),
  })
}

/** The matches of the demo do not move together. */
function demoReplays(demo: SportsOptions['demo']): Replay[] {
  if (demo === undefined) return []
  const recordings = [final2022, semi2014].map(recordTimeline)
  return recordings.map((recording, index) => ({
    recording,
    pace: { speed: demo.speed, loopOffsetMs: Math.round((recording.lengthMs / demo.speed / recordings.length) * index) },
  }))
}

/** Everyone may follow what there is, as it is or as it was; only the service itself publishes. */
async function admit(server: ServiceHost, games: Games, request: AccessRequest): Promise<boolean | Grant> {
  const { channel, action } = request
  const subject = subjectOf(channel)
  if (action === 'publish' || subject === undefined) return false
  if (subject.kind === 'game' && !(await games.has(subject.id))) return false
  if (action !== 'subscribe') return { forEveryone: true }
  const { isShared } = server.store
  return {
    forEveryone: true,
    ...(isShared ? await stateKept(server, games, subject, request) : await stateHere(server, games, subject, request)),
  }
}

/** Where games change through this node alone: the state of the turn in which the subscription goes live. */
async function stateHere(
  { clock }: ServiceHost,
  games: Games,
  subject: Subject,
  { delayMs = 0 }: AccessRequest,
): Promise<Pick<Grant, 'data'>> {
  const then = () => clock.now() - delayMs
  if (subject.kind !== 'game') return { data: () => ({ games: games.listKnown(subject, delayMs), serverUtcMs: then() }) }
  const known = await games.match(subject.id)
  const present = () => games.here(subject.id) ?? known
  return { data: () => (delayMs === 0 ? present() : present()?.at(then()))?.snapshot(then()) ?? null }
}

/** Where other nodes change games as well: the state that was kept when the place was noted, or a later one. All that is told after the place follows. */
async function stateKept(
  server: ServiceHost,
  games: Games,
  subject: Subject,
  { channel, delayMs = 0 }: AccessRequest,
): Promise<Pick<Grant, 'at' | 'data'>> {
  const { clock } = server
  const { at, version } = await placeBehind(server, channel, delayMs)
  if (subject.kind !== 'game') return { at, data: { games: await games.list(subject, delayMs), serverUtcMs: clock.now() - delayMs } }
  const match = await games.match(subject.id)
  const then = clock.now() - delayMs
  return { at, data: (delayMs === 0 ? match : match?.at(then, version))?.snapshot(then) ?? null }
}

/**
 * A place that the channel had passed so long ago, and the version that it had told by then. Nodes and the log have clocks of their own, and
 * what a channel tells arrives later than it is stamped: a place that is a little too early does no harm.
 */
async function placeBehind(
  { clock, history }: Pick<ServiceHost, 'clock' | 'history'>,
  channel: string,
  delayMs: number,
): Promise<{ readonly at: Position; readonly version: number }> {
  if (delayMs === 0) return { at: (await history(channel, { limit: 0 })).position, version: 0 }
  const untilMs = clock.now() - delayMs - placeSlackMs
  const { position, publications } = await history(channel, { limit: -1 })
  const passed = publications.findLast(({ time }) => time <= untilMs)
  const offset = passed?.offset ?? publications[0]?.after ?? position.offset
  const told = gameMessageSchema.safeParse(passed?.data)
  return { at: { epoch: position.epoch, offset }, version: told.success ? versionOf(told.data) : 0 }
}

const placeSlackMs = 1000

function versionOf(message: GameMessage): number {
  if (message.type === 'events') return message.board.version
  return message.type === 'snapshot' ? message.snapshot.board.version : 0
}
