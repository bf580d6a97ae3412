import { signal } from '@preact/signals'
import { mount, Shell, Snippet } from '../../../web/index.ts'
import type { ListedGame } from '../model/index.ts'
import { DayStrip, type View } from './day-strip.tsx'
import { followDelay } from './delay.ts'
import { DelayControl } from './delay-control.tsx'
import { favourites, followStorage, toggleGame, toggleTeam } from './favourites.ts'
import { dayName, dayOf, daysOf, firstDay, groupsOf, isFound, isOn } from './game-groups.ts'
import { GamesStore } from './games-store.ts'
import { MatchRow } from './match-row.tsx'
import { StarButton } from './star-button.tsx'

function GamesPage({ store }: { readonly store: GamesStore }) {
  return (
    <Shell current="/sports" link={store.stream.link}>
      <div class="games-head">
        <h1>Matches</h1>
        <DelayControl />
      </div>
      <Games store={store} />
      <section class="source">
        <h2>All boards, one channel</h2>
        <p>
          Star a match and its goals are told here the moment they fall. Everything on this page comes over one stream; these are the boards
          alone, by match, at most once a second:
        </p>
        <Snippet label="All boards, with curl" code={`curl -N '${location.origin}/sse?channel=sports:league_all'`} />
      </section>
      <Toasts store={store} />
    </Shell>
  )
}

/** What is typed into the search, and the day that was chosen; until then it follows from the matches. */
const query = signal('')
const chosenView = signal<View | undefined>(viewIn(location.hash))

function Games({ store }: { readonly store: GamesStore }) {
  const today = store.today.value
  if (store.state.value === 'loading') return <Loading />
  const games = store.games.value
  if (games.length === 0) {
    return (
      <div class="empty">
        <p>There is no match here at the moment. The server was started without the demo, and no feed has sent one.</p>
      </div>
    )
  }
  const chosen = chosenView.value ?? firstDay(games, today)
  const isSearching = query.value.trim() !== ''
  return (
    <>
      <div class="games-bar">
        <DayStrip
          days={daysOf(games, today)}
          today={today}
          chosen={isSearching ? '' : chosen}
          live={games.filter(isOn).length}
          onChoose={view => {
            query.value = ''
            chosenView.value = view
            history.replaceState(null, '', `#${view}`)
          }}
        />
        <input
          type="search"
          class="games-search"
          placeholder="Team or competition"
          aria-label="Search teams and competitions"
          value={query.value}
          onInput={event => {
            query.value = event.currentTarget.value
          }}
        />
      </div>
      {isSearching ? <Found games={games} store={store} /> : <Chosen view={chosen} games={games} store={store} />}
    </>
  )
}

interface ListProps {
  readonly games: readonly ListedGame[]
  readonly store: GamesStore
}

/** What is found stands under its days, the nearest to come first. */
function Found({ games, store }: ListProps) {
  const today = store.today.value
  const found = games.filter(game => isFound(game, query.value))
  const days = [...Map.groupBy(found, game => dayOf(game, today))].toSorted(([a], [b]) => (a < b ? 1 : -1))
  return (
    <div class="games-found">
      <p class="visually-hidden" role="status">
        {found.length === 1 ? '1 match' : `${found.length} matches`}
      </p>
      {found.length === 0 ? <p class="nothing">No match for “{query.value.trim()}”.</p> : null}
      {days.map(([day, own]) => (
        <section key={day} aria-label={dayName(day, today)}>
          <h2>{dayName(day, today)}</h2>
          <Groups games={own} store={store} />
        </section>
      ))}
    </div>
  )
}

function Chosen({ view, games, store }: ListProps & { readonly view: View }) {
  const today = store.today.value
  const shown = games.filter(game => (view === 'live' ? isOn(game) : dayOf(game, today) === view))
  const starred = store.starred.value.filter(game => shown.includes(game))
  const rest = shown.filter(game => !starred.includes(game))
  return (
    <>
      {starred.length === 0 ? null : (
        <section class="starred" aria-label="Favourites">
          <h2>Favourites</h2>
          <Groups games={starred} store={store} />
        </section>
      )}
      <Teams />
      {shown.length === 0 ? <p class="nothing">{view === 'live' ? 'No match is on right now.' : 'No match on this day.'}</p> : null}
      <Groups games={rest} store={store} />
    </>
  )
}

function Groups({ games, store }: ListProps) {
  return (
    <div class="groups">
      {groupsOf(games).map(({ competition, round, games }) => (
        <section key={competition} class="group" aria-label={competition === '' ? 'Other matches' : competition}>
          <h3>
            <bdi>{competition === '' ? 'Other matches' : competition}</bdi>
            {round === '' ? null : <bdi>{round}</bdi>}
          </h3>
          <ul>
            {games.map(game => (
              <MatchRow
                key={game.id}
                game={game}
                time={store.time}
                isStarred={favourites.value.games.includes(game.id)}
                onStar={() => toggleGame(game.id)}
              />
            ))}
          </ul>
        </section>
      ))}
    </div>
  )
}

function Loading() {
  return (
    <div class="groups" role="status" aria-label="Loading the matches">
      <div class="skeleton" />
      <div class="skeleton" />
    </div>
  )
}

/** The day or the view that a link or a reload asks for. */
function viewIn(hash: string): View | undefined {
  const view = hash.slice(1)
  return view === 'live' || /^\d{4}-\d\d-\d\d$/.test(view) ? view : undefined
}

/** Teams that are followed; they are starred on the pages of their matches. */
function Teams() {
  const { teams } = favourites.value
  if (teams.length === 0) return null
  return (
    <ul class="followed-teams" aria-label="Followed teams">
      {teams.map(team => (
        <li key={team.id}>
          {team.name}
          <StarButton label={`Favourite: ${team.name}`} isOn onToggle={() => toggleTeam(team)} />
        </li>
      ))}
    </ul>
  )
}

function Toasts({ store }: { readonly store: GamesStore }) {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {store.toasts.value.map(({ id, game, title, text }) => (
        <a key={id} class="toast" href={`/sports/${game}`}>
          <b>{title}</b>
          <span class="numeral">{text}</span>
        </a>
      ))}
    </div>
  )
}

followStorage()
followDelay()
mount(<GamesPage store={new GamesStore()} />)
