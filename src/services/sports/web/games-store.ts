import { batch, computed, effect, type ReadonlySignal, type Signal, signal } from '@preact/signals'
import { LiveStream, type Pub, type Subscribed } from '../../../web/index.ts'
import {
  countingGoals,
  creditedTo,
  type EventOf,
  eventMinute,
  gameListSchema,
  gameMessageSchema,
  isOver,
  type ListedGame,
  leagueMessageSchema,
  snapshotSchema,
} from '../model/index.ts'
import { askedDelay, whenDelayChanges } from './delay.ts'
import { type Favourites, favourites } from './favourites.ts'
import { type Day, dayAt } from './game-groups.ts'
import { byTime, listWith } from './game-list.ts'
import { applyMessage, joinSnapshot, type MatchView } from './match-view.ts'
import { ServerTime } from './server-time.ts'

/** Something that happened in a starred match. */
export interface Toast {
  readonly id: string
  readonly game: string
  readonly title: string
  readonly text: string
}

const silenceMs = 37_500
const toastMs = 8000
const toastsMax = 3
const all = 'sports:league_all'

/**
 * All matches and how they stand, and the starred ones goal by goal: all over one stream, whose channels follow the stars without a new connection.
 */
export class GamesStore {
  readonly games: Signal<readonly ListedGame[]> = signal([])
  readonly state: Signal<'loading' | 'ready'> = signal('loading')
  readonly toasts: Signal<readonly Toast[]> = signal([])
  readonly stream: LiveStream
  readonly time: ServerTime
  /** Matches that are starred themselves or by one of their teams. */
  readonly starred: ReadonlySignal<readonly ListedGame[]> = computed(() => starredOf(this.games.value, favourites.value))
  /** The day that it is here, by the time of what is shown. */
  readonly today: ReadonlySignal<Day> = computed(() => dayAt(this.time.nowMs))
  readonly #views = new Map<string, MatchView>()
  /** Starred matches that the server does not know (any more). */
  readonly #unknown = signal<ReadonlySet<string>>(new Set())

  constructor() {
    this.stream = new LiveStream({
      channels: this.#channels(),
      subscribed: (channel, entry) => batch(() => this.#begin(channel, entry)),
      published: (channel, pub) => batch(() => this.#apply(channel, pub)),
      delay: askedDelay,
      silenceMs,
    })
    this.time = new ServerTime(this.stream.link)
    whenDelayChanges(() => batch(() => this.#beginAnew()))
    effect(() => this.stream.follow(this.#channels()))
  }

  dismiss(id: string): void {
    this.toasts.value = this.toasts.value.filter(toast => toast.id !== id)
  }

  /** What was seen is ahead of what is to be shown now, or behind it. */
  #beginAnew(): void {
    this.#views.clear()
    this.toasts.value = []
    this.state.value = 'loading'
    this.stream.restart()
  }

  /** Boards of everything, of starred teams, and the events of starred matches that are not over. */
  #channels(): string[] {
    const { games, teams } = favourites.value
    const going = this.starred.value.filter(({ board }) => !isOver(board.status)).map(({ id }) => id)
    const listed = new Set(this.games.value.map(({ id }) => id))
    const elsewhere = games.filter(id => !listed.has(id))
    const followed = [...new Set([...going, ...elsewhere])].filter(id => !this.#unknown.value.has(id))
    return [all, ...teams.map(({ id }) => `sports:team_${id}`), ...followed.map(id => `sports:game_${id}`)]
  }

  #begin(channel: string, entry: Subscribed): void {
    if (channel.startsWith('sports:game_')) {
      this.#beginGame(channel.slice('sports:game_'.length), entry)
      return
    }
    if (channel === all) this.time.restart()
    const list = gameListSchema.safeParse(entry.data)
    if (!list.success) return
    this.time.learn(list.data.serverUtcMs)
    this.games.value = channel === all ? list.data.games : list.data.games.reduce(listWith, this.games.value)
    this.state.value = 'ready'
  }

  #beginGame(id: string, { data, error, publications = [] }: Subscribed): void {
    if (error !== undefined) {
      this.#unknown.value = new Set([...this.#unknown.value, id])
      return
    }
    const snapshot = snapshotSchema.safeParse(data)
    if (snapshot.success) this.#views.set(id, joinSnapshot(this.#views.get(id), snapshot.data))
    for (const { data } of publications) this.#applyToGame(id, data)
  }

  #apply(channel: string, pub: Pub): void {
    if (channel.startsWith('sports:game_')) {
      this.#applyToGame(channel.slice('sports:game_'.length), pub.data)
      return
    }
    const parsed = leagueMessageSchema.safeParse(pub.data)
    if (!parsed.success) return
    const message = parsed.data
    this.time.learn(message.serverUtcMs)
    if (message.type === 'game') this.games.value = listWith(this.games.value, message.game)
    if (message.type === 'board') this.#show(message.game, message.board)
  }

  #show(id: string, board: ListedGame['board']): void {
    const place = this.games.value.findIndex(game => game.id === id)
    const known = this.games.value[place]
    if (known !== undefined && known.board.version <= board.version) this.games.value = this.games.value.with(place, { ...known, board })
  }

  #applyToGame(id: string, data: unknown): void {
    const message = gameMessageSchema.safeParse(data)
    const before = this.#views.get(id)
    if (!message.success || before === undefined) return
    const after = applyMessage(before, message.data)
    if (after === before) return
    this.#views.set(id, after)
    this.#show(id, after.board)
    if (after.run === before.run) for (const toast of toastsOf(before, after)) this.#toast(toast)
  }

  #toast(toast: Toast): void {
    this.toasts.value = [...this.toasts.value.filter(({ id }) => id !== toast.id), toast].slice(-toastsMax)
    setTimeout(() => this.dismiss(toast.id), toastMs)
  }
}

function starredOf(games: readonly ListedGame[], { games: ids, teams }: Favourites): readonly ListedGame[] {
  const isStarred = ({ id, home, away }: ListedGame) => ids.includes(id) || teams.some(team => team.id === home.id || team.id === away.id)
  return games.filter(isStarred).toSorted(byTime)
}

/** Goals that count now and did not, and those that do not count any more. */
function toastsOf(before: MatchView, after: MatchView): Toast[] {
  const known = countingGoals(before.events)
  const counting = countingGoals(after.events)
  const given = counting.filter(({ id }) => !known.some(goal => goal.id === id))
  const taken = known.filter(({ id }) => !counting.some(goal => goal.id === id))
  const { game, board } = after
  const text = `${game.home.name} ${board.score.home}–${board.score.away} ${game.away.name}`
  const toast = (goal: EventOf<'goal'>, title: string): Toast => ({ id: `${goal.id} ${title}`, game: game.id, title, text })
  return [
    ...given.map(goal =>
      toast(goal, `Goal for ${game[creditedTo(goal)].name}! ${goal.players[0]?.name ?? ''} ${eventMinute(goal)}`.trim()),
    ),
    ...taken.map(goal => toast(goal, `Goal overturned: ${goal.players[0]?.name ?? game[goal.team].name}`)),
  ]
}
