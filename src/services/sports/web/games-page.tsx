import { mount, Shell, Snippet } from '../../../web/index.ts'
import type { ListedGame } from '../model/index.ts'
import { followDelay } from './delay.ts'
import { DelayControl } from './delay-control.tsx'
import { favourites, followStorage, toggleGame, toggleTeam } from './favourites.ts'
import { byTime, type Section, sectionOf } from './game-list.ts'
import { GamesStore } from './games-store.ts'
import { ScoreCard } from './score-card.tsx'
import { StarButton } from './star-button.tsx'

function GamesPage({ store }: { readonly store: GamesStore }) {
  return (
    <Shell current="/sports" link={store.stream.link}>
      <h1 class="games-title">Matches</h1>
      <p class="games-lead">
        Star a match and its goals are told here the moment they fall. Everything on this page comes over one stream.
      </p>
      <DelayControl />
      <Games store={store} />
      <section class="source">
        <h2>All boards, one channel</h2>
        <p>Boards alone, by match, at most once a second:</p>
        <Snippet label="All boards, with curl" code={`curl -N '${location.origin}/sse?channel=sports:league_all'`} />
      </section>
      <Toasts store={store} />
    </Shell>
  )
}

const headings: Readonly<Record<Section, string>> = { live: 'Live', coming: 'Coming up', over: 'Finished' }

function Games({ store }: { readonly store: GamesStore }) {
  if (store.state.value === 'loading') {
    return (
      <div class="games" role="status" aria-label="Loading the matches">
        <div class="skeleton" />
        <div class="skeleton" />
      </div>
    )
  }
  if (store.games.value.length === 0) {
    return (
      <div class="empty">
        <p>No match is followed here at the moment. The server was started without the demo, and no feed has told of one.</p>
      </div>
    )
  }
  const starred = store.starred.value
  const rest = store.games.value.filter(game => !starred.includes(game)).toSorted(byTime)
  return (
    <>
      <GamesSection name="Favourites" games={starred} store={store} />
      <Teams />
      {(['live', 'coming', 'over'] as const).map(section => (
        <GamesSection key={section} name={headings[section]} games={rest.filter(game => sectionOf(game) === section)} store={store} />
      ))}
    </>
  )
}

function GamesSection({
  name,
  games,
  store,
}: {
  readonly name: string
  readonly games: readonly ListedGame[]
  readonly store: GamesStore
}) {
  if (games.length === 0) return null
  return (
    <section class="games-section" aria-label={name}>
      <h2>{name}</h2>
      <div class="games">
        {games.map(game => (
          <ScoreCard
            key={game.id}
            game={game}
            time={store.time}
            star={{ isOn: favourites.value.games.includes(game.id), toggle: () => toggleGame(game.id) }}
          />
        ))}
      </div>
    </section>
  )
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
