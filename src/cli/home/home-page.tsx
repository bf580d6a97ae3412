import { computed, signal } from '@preact/signals'
import { DelayNote, followDelay, LeagueStore, ScoreCard } from '../../services/sports/web/index.ts'
import { mount, navigation, opsStatsSchema, Poll, Shell, shortCount, spanText } from '../../web/index.ts'
import { TryIt } from './try-it.tsx'
import { addFrame, type TappedEvent, WireTap } from './wire-tap.tsx'

const frames = signal<readonly TappedEvent[]>([])
const league = new LeagueStore('all', text => {
  frames.value = addFrame(frames.value, text)
})
const stats = new Poll({ url: '/ops/stats', schema: opsStatsSchema, intervalMs: 3000 })
/** Boards on this page; the others are behind the link. */
const scoresMax = 2
/** A match to try things on; none where no match is followed. */
const game = computed(() => league.games.value[0]?.id)

function HomePage() {
  return (
    <Shell current="/" link={league.stream.link}>
      <div class="hero">
        <div class="pitch">
          <h1>Every screen, the moment it happens.</h1>
          <p>
            Fanfare is one self-hosted server for real-time updates: channels over WebSocket and Server-Sent Events, with recovery,
            conflation, presence, and your own commands on top.
          </p>
          <p class="actions">
            {game.value === undefined ? null : (
              <a class="button" data-tone="accent" href={`/sports/${game.value}`}>
                Watch a match
              </a>
            )}
            <a class="button" href="#try">
              Try it in a terminal
            </a>
          </p>
          <Counters />
        </div>
        <Scores />
      </div>
      <Services />
      <TryIt game={game.value} />
      <Promises />
    </Shell>
  )
}

/** What goes on here, where the server tells strangers. */
function Counters() {
  const state = stats.state.value
  if (state.kind !== 'ready') return <dl class="counters" />
  const { sessions, totals, node } = state.value
  return (
    <dl class="counters">
      <div>
        <dt>connected now</dt>
        <dd class="numeral" data-testid="sessions">
          {shortCount(sessions.websocket + sessions.sse)}
        </dd>
      </div>
      <div>
        <dt>updates delivered</dt>
        <dd class="numeral">{shortCount(totals.delivered)}</dd>
      </div>
      <div>
        <dt>up for</dt>
        <dd class="numeral">{spanText(node.uptimeS)}</dd>
      </div>
    </dl>
  )
}

function Scores() {
  if (league.state.value === 'absent' || (league.state.value === 'ready' && league.games.value.length === 0)) return null
  if (league.state.value === 'loading') return <div class="skeleton" role="status" aria-label="Loading the scores" />
  return (
    <section class="scores" aria-label="Scores">
      <DelayNote />
      {league.games.value.slice(0, scoresMax).map(listed => (
        <ScoreCard key={listed.id} game={listed} time={league.time} />
      ))}
      <WireTap frames={frames.value} />
    </section>
  )
}

/** Only what answers here. */
function Services() {
  return (
    <section class="runs" aria-label="What runs here">
      <h2>What runs here</h2>
      <div class="cards">
        {navigation().map(({ path, title, about }) => (
          <a key={path} class="panel" href={path}>
            <h3>{title}</h3>
            <p>{about}</p>
          </a>
        ))}
        <a class="panel" href="/ops">
          <h3>Operations</h3>
          <p>Sessions, channels, rates, memory and lag of this server, second by second.</p>
        </a>
      </div>
    </section>
  )
}

function Promises() {
  return (
    <section class="promises" aria-label="What it promises">
      <div>
        <h3>Nothing missed, nothing twice</h3>
        <p>Every stream has a position. A client that drops off resumes exactly there, or is told that it missed too much.</p>
      </div>
      <div>
        <h3>A slow reader harms only itself</h3>
        <p>Each channel says what may be late, what may be replaced by something newer, and what must never be lost.</p>
      </div>
      <div>
        <h3>No SDK, or any</h3>
        <p>Browsers need EventSource and nothing else. On WebSocket, Centrifugo's client protocol brings SDKs for seven languages.</p>
      </div>
    </section>
  )
}

followDelay()
mount(<HomePage />)
