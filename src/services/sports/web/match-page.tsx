import { useSignalEffect } from '@preact/signals'
import { mount, Shell, Snippet } from '../../../web/index.ts'
import { shootoutScore } from '../model/index.ts'
import { clockText } from './clock-text.tsx'
import { askedDelay, followDelay } from './delay.ts'
import { DelayControl } from './delay-control.tsx'
import { EventList } from './event-list.tsx'
import { followStorage } from './favourites.ts'
import { GoalBanner } from './goal-banner.tsx'
import { Lineups } from './lineups.tsx'
import { Commentary, StatsPanel } from './match-panels.tsx'
import { MatchStore } from './match-store.ts'
import type { MatchView } from './match-view.ts'
import { Scoreboard } from './scoreboard.tsx'
import { ShotMap } from './shot-map.tsx'
import { Tabs } from './tabs.tsx'

function MatchPage({ store, game }: { readonly store: MatchStore; readonly game: string }) {
  useSignalEffect(() => {
    document.title = titleOf(store.view.value, store.time.nowMs)
  })
  return (
    <Shell current="/sports" link={store.stream.link}>
      {store.missing.value ? null : <DelayControl />}
      <Content store={store} game={game} />
      <p class="visually-hidden" role="status" data-testid="spoken">
        {store.spoken}
      </p>
    </Shell>
  )
}

function Content({ store, game }: { readonly store: MatchStore; readonly game: string }) {
  const view = store.view.value
  if (store.missing.value && view === undefined) return <NoSuchMatch />
  if (view === undefined) return <Loading />
  const shots = store.shots.value
  const tabs = [
    { id: 'timeline', name: 'Timeline', content: <EventList view={view} /> },
    { id: 'text', name: 'Commentary', content: <Commentary view={view} />, isAside: true },
    { id: 'numbers', name: 'Stats', content: <StatsPanel view={view} />, isAside: true },
    { id: 'teams', name: 'Line-ups', content: <Lineups view={view} /> },
    ...(shots.length === 0 ? [] : [{ id: 'shots', name: 'Shots', content: <ShotMap view={view} shots={shots} /> }]),
  ]
  return (
    <>
      <div class="stage">
        <Scoreboard store={store} view={view} />
        <GoalBanner celebration={store.celebration.value} />
      </div>
      {store.notice.value === '' ? null : (
        <p class="notice" role="status">
          {store.notice}
        </p>
      )}
      <Tabs tabs={tabs} label="The match" />
      <section class="source">
        <h2>This page is one event stream</h2>
        <p>The same stream in a terminal, without a library:</p>
        <Snippet label="This match, with curl" code={`curl -N '${location.origin}/sse?channel=sports:game_${game}${delayPart()}'`} />
      </section>
    </>
  )
}

function delayPart(): string {
  const delay = askedDelay()
  return delay === undefined ? '' : `&delay=${delay}`
}

function Loading() {
  return (
    <div role="status" aria-label="Loading the match">
      <div class="skeleton" style={{ height: '320px' }} />
      <div class="skeleton" style={{ height: '420px', marginTop: '20px' }} />
    </div>
  )
}

function NoSuchMatch() {
  return (
    <div class="empty">
      <h1>No such match</h1>
      <p>There is no match at this address.</p>
      <a href="/sports">All matches</a>
    </div>
  )
}

function titleOf(view: MatchView | undefined, nowMs: number): string {
  if (view === undefined) return 'Match · Fanfare'
  const { game, board } = view
  const pens = shootoutScore(board)
  const score = `${game.home.code} ${board.score.home}–${board.score.away} ${game.away.code}`
  return `${score}${pens === undefined ? '' : ` (${pens.home}–${pens.away} pens)`} · ${clockText(board, nowMs)} · Fanfare`
}

followStorage()
followDelay()
const game = decodeURIComponent(location.pathname.split('/').at(-1) ?? '')
mount(<MatchPage store={new MatchStore(game)} game={game} />)
