import type { Board, Game, GameMessage, MatchEvent, Player, Side, Snapshot, Stats } from '../model/index.ts'
import { isLive, ordered } from '../model/index.ts'

/** What a page knows of a match. */
export interface MatchView {
  readonly game: Game
  readonly run: number
  readonly board: Board
  /** In the order of the match. */
  readonly events: readonly MatchEvent[]
  readonly stats: Stats
  readonly text: readonly MatchEvent[]
}

/** A snapshot replaces the view, unless it is of the same run and the view is ahead of it: then it only adds what the view does not have. */
export function joinSnapshot(view: MatchView | undefined, { game, run, board, events, stats, text }: Snapshot): MatchView {
  if (view === undefined || view.run !== run || view.board.version <= board.version) return { game, run, board, events, stats, text }
  return { ...view, game, events: events.reduce(upsert, view.events), text: text.reduce(upsert, view.text) }
}

/** What a message makes of the view. One that says nothing new, or speaks of another run, leaves the same view. */
export function applyMessage(view: MatchView, message: GameMessage): MatchView {
  if (message.type === 'snapshot') return message.snapshot.run < view.run ? view : joinSnapshot(view, message.snapshot)
  if (message.run !== view.run) return view
  if (message.type === 'stats') return { ...view, stats: message.stats }
  if (message.type === 'text') return withText(view, message.line)
  if (message.type === 'clock') return view
  // Who comes back is given the present state and then what led to it. The state no longer knows what was deleted, which old news would bring back.
  if (message.board.version < view.board.version) return view
  const events = message.events.reduce(upsert, view.events)
  const board = message.board.version > view.board.version ? message.board : view.board
  return events === view.events && board === view.board ? view : { ...view, events, board }
}

/**
 * Puts an event among those known, by id, if its revision is newer, and keeps them in order (sports S2). One that was deleted stays, so that
 * nothing brings it back; whoever shows events passes over it. Answers the same array when nothing changed.
 */
function upsert(events: readonly MatchEvent[], event: MatchEvent): readonly MatchEvent[] {
  const known = events.find(other => other.id === event.id)
  if (known !== undefined && known.rev >= event.rev) return events
  return ordered([...events.filter(other => other.id !== event.id), event])
}

/** Whether the view misses something that came before this message: an update, or the beginning of another run. */
export function hasGapBefore(view: MatchView, message: GameMessage): boolean {
  if (message.type === 'snapshot') return false
  if (message.run > view.run) return true
  if (message.run < view.run) return false
  if (message.type === 'events') return message.since > view.board.version
  return message.type === 'clock' && message.version > view.board.version
}

/** Events of the later view that the earlier one did not know at all, or knew otherwise, as far as they are of the same run. */
export function newEvents(before: MatchView | undefined, after: MatchView): MatchEvent[] {
  if (before === undefined || before.run !== after.run) return []
  const known = new Set(before.events.map(event => `${event.id} ${event.rev}`))
  return after.events.filter(event => !known.has(`${event.id} ${event.rev}`))
}

/** Who began for a side: as told during the match, or as known before. */
export function lineupOf(
  { game, events }: MatchView,
  team: Side,
): { lineup: readonly Player[]; bench: readonly Player[]; formation?: string } {
  const told = events.findLast(event => event.kind === 'lineup' && event.team === team && isLive(event))
  const known = game[team]
  if (told?.kind !== 'lineup')
    return { lineup: known.lineup, bench: known.bench, ...(known.formation === undefined ? {} : { formation: known.formation }) }
  const { bench, formation = known.formation } = told.data
  return { lineup: told.players, bench: bench.length > 0 ? bench : known.bench, ...(formation === undefined ? {} : { formation }) }
}

function withText(view: MatchView, line: MatchEvent): MatchView {
  const text = upsert(view.text, line)
  return text === view.text ? view : { ...view, text }
}
