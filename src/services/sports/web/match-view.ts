import { type Board, type Game, type GameMessage, type Line, type MatchEvent, type Snapshot, type Stats, upsert } from '../model/index.ts'

/** What a page knows of a match. */
export interface MatchView {
  readonly game: Game
  readonly loop: number
  readonly board: Board
  readonly events: readonly MatchEvent[]
  readonly stats: Stats
  readonly text: readonly Line[]
}

/** A snapshot replaces the view, unless it is of the same loop and the view is ahead of it: then the two are joined. */
export function joinSnapshot(view: MatchView | undefined, { game, loop, board, events, stats, text }: Snapshot): MatchView {
  if (view === undefined || view.loop !== loop) return { game, loop, board, events, stats, text }
  const ahead = view.board.version > board.version
  return {
    game,
    loop,
    board: ahead ? view.board : board,
    stats: ahead ? view.stats : stats,
    events: events.reduce(upsert, view.events),
    text: text.reduce(addLine, view.text),
  }
}

/** What a message makes of the view. One that says nothing new, or speaks of another loop, leaves the same view. */
export function applyMessage(view: MatchView, message: GameMessage): MatchView {
  if (message.type === 'kickoff') return joinSnapshot(view, message.snapshot)
  if (message.loop !== view.loop) return view
  if (message.type === 'stats') return { ...view, stats: message.stats }
  if (message.type === 'text') return withText(view, message.line)
  if (message.type === 'clock') return view
  const events = message.events.reduce(upsert, view.events)
  const board = message.board.version > view.board.version ? message.board : view.board
  return events === view.events && board === view.board ? view : { ...view, events, board }
}

/** Events of the later view that the earlier one did not have, as far as they are of the same loop. */
export function newEvents(before: MatchView | undefined, after: MatchView): MatchEvent[] {
  if (before === undefined || before.loop !== after.loop) return []
  const known = new Set(before.events.map(event => `${event.id} ${event.rev}`))
  return after.events.filter(event => !known.has(`${event.id} ${event.rev}`))
}

/** Whether an event before the newest is not there. Numbers within a match are dense, and a deleted event keeps its own. */
export function hasGap({ events }: MatchView): boolean {
  return (events.at(-1)?.seq ?? 0) !== events.length
}

function withText(view: MatchView, line: Line): MatchView {
  const text = addLine(view.text, line)
  return text === view.text ? view : { ...view, text }
}

function addLine(text: readonly Line[], line: Line): readonly Line[] {
  return text.some(other => other.id === line.id) ? text : [...text, line]
}
