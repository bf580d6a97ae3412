import { isDeepStrictEqual } from 'node:util'
import {
  type Board,
  gameMessageSchema,
  ordered,
  priorityOf,
  type Snapshot,
  snapshotSchema,
} from '../../../src/services/sports/model/index.ts'
import type { User } from '../../clients/user.ts'
import type { Oracle } from '../../cluster/oracle.ts'
import type { Judge } from '../../core/judge.ts'
import type { Script } from './script.ts'
import { GameView, LeagueView } from './views.ts'

export interface SportsRestContext {
  readonly judge: Judge
  readonly oracle: Oracle
  /** By game: how the service says that it stands. */
  readonly games: ReadonlyMap<string, Snapshot>
  readonly scripts: readonly Script[]
  /** Whether a publication that failed is never there all the same: in a shared log it may be. */
  readonly isToldOnce: boolean
  readonly users: readonly User<GameView | LeagueView>[]
}

/** What must be true when all has come to rest. */
export function checkRest(context: SportsRestContext): void {
  for (const script of context.scripts) {
    checkTaken(context, script)
    if (context.isToldOnce) checkToldOnce(context, script.game)
  }
  for (const user of context.users) {
    context.judge.hold(user.isConnected, `${user.name} has not come back`)
    for (const channel of user.followed) {
      const view = user.views.get(channel)
      context.judge.hold(view?.isOn === true, `${user.name} does not follow ${channel}`)
      if (view instanceof GameView) checkGame(context, view)
      if (view instanceof LeagueView) checkLeague(context, view)
    }
  }
}

/** A node says of each game what another says. */
export function checkAlike(judge: Judge, who: string, games: ReadonlyMap<string, Snapshot>, read: (game: string) => unknown): void {
  for (const [game, { serverUtcMs: _, ...known }] of games) {
    const { serverUtcMs: __, ...said } = readSnapshot(read(game))
    judge.hold(isDeepStrictEqual(said, known), `${who} says of ${game} ${show(said.board)} and not ${show(known.board)}`)
  }
}

/** The service knows what the feed last said, and nothing else. */
function checkTaken({ judge, games }: SportsRestContext, script: Script): void {
  const snapshot = games.get(script.game)
  judge.hold(
    isDeepStrictEqual(snapshot?.board.score, script.score),
    `${script.game} stands at ${show(snapshot?.board.score)}, the feed says ${show(script.score)}`,
  )
  for (const kind of ['goal', 'card'] as const) {
    const told = snapshot?.events.filter(event => event.kind === kind && event.state !== 'deleted').map(({ id }) => id)
    const said = script.standing(kind)
    judge.hold(isDeepStrictEqual(told?.toSorted(), said.toSorted()), `${script.game} has of ${kind} ${told}, the feed says ${said}`)
  }
}

/** Each change of something urgent went out once, and each message begins where the one before it ended. */
function checkToldOnce({ judge, oracle }: SportsRestContext, game: string): void {
  const told = new Set<string>()
  let version = 0
  for (const { data, offset } of oracle.entries(`sports:game_${game}`)) {
    if (offset === 0) continue
    const message = gameMessageSchema.parse(data)
    if (message.type === 'snapshot') version = message.snapshot.board.version
    if (message.type !== 'events') continue
    judge.hold(message.since === version || message.board.version === version, `${game}: told from ${message.since} on after ${version}`)
    version = message.board.version
    for (const { id, rev } of message.events) {
      judge.hold(!told.has(`${id} ${rev}`), `${game}: ${id} was told twice in revision ${rev}`)
      told.add(`${id} ${rev}`)
    }
  }
}

function checkGame({ judge, games }: SportsRestContext, { channel, who, match }: GameView): void {
  const snapshot = games.get(channel.replace('sports:game_', ''))
  const where = `${who} in ${channel}`
  judge.hold(isDeepStrictEqual(match?.board, snapshot?.board), `${where} shows ${show(match?.board)} and not ${show(snapshot?.board)}`)
  const urgent = ordered((match?.events ?? []).filter(event => event.state !== 'deleted' && priorityOf(event) === 'urgent'))
  judge.hold(isDeepStrictEqual(urgent, snapshot?.events), `${where} has other events than there are: ${show(urgent)}`)
  judge.hold(
    isDeepStrictEqual(match?.stats, snapshot?.stats),
    `${where} has figures ${show(match?.stats)} and not ${show(snapshot?.stats)}`,
  )
}

function checkLeague({ judge, games }: SportsRestContext, { channel, who, boards }: LeagueView): void {
  for (const [game, { board }] of games) {
    const shown: Board | undefined = boards.get(game)
    judge.hold(isDeepStrictEqual(shown, board), `${who} in ${channel} shows of ${game} ${show(shown)} and not ${show(board)}`)
  }
}

/** How the service says that a game stands. */
export function readSnapshot(body: unknown): Snapshot {
  return snapshotSchema.parse(body)
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing'
}
