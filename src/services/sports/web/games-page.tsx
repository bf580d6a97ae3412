import { mount, Shell, Snippet } from '../../../web/index.ts'
import { LeagueStore } from './league-store.ts'
import { ScoreCard } from './score-card.tsx'

function GamesPage({ store }: { readonly store: LeagueStore }) {
  return (
    <Shell current="/sports" link={store.stream.link}>
      <h1 class="games-title">Matches</h1>
      <p class="games-lead">Matches of the past, replayed faster than they were played. All boards below are fed by one stream.</p>
      <Games store={store} />
      <section class="source">
        <h2>All boards, one channel</h2>
        <p>Boards alone, by match, at most once a second:</p>
        <Snippet label="All boards, with curl" code={`curl -N '${location.origin}/sse?channel=sports:league_all'`} />
      </section>
    </Shell>
  )
}

function Games({ store }: { readonly store: LeagueStore }) {
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
        <p>No match is followed here at the moment. The server was started without the demo.</p>
      </div>
    )
  }
  return (
    <div class="games">
      {store.games.value.map(game => (
        <ScoreCard key={game.id} game={game} time={store.time} />
      ))}
    </div>
  )
}

mount(<GamesPage store={new LeagueStore('all')} />)
