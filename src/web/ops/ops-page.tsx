import { computed, effect, signal } from '@preact/signals'
import { bytesText, millisText, shortCount, spanText } from '../figures.ts'
import { type OpsStats, opsStatsSchema, opsTreeSchema } from '../ops-stats.ts'
import { Poll, type Polled } from '../poll.ts'
import { mount, Shell } from '../shell.tsx'
import type { StreamState } from '../stream-state.ts'
import { FleetTable } from './fleet-table.tsx'
import { KeyForm } from './key-form.tsx'
import { ChannelTable, CloseTable, SessionTable } from './ops-tables.tsx'
import { Tile } from './tile.tsx'
import { type TreeNode, treeOf } from './tree.ts'
import { TreeRates } from './tree-rates.ts'
import { TreeView } from './tree-view.tsx'

const key = signal(sessionStorage.getItem('fanfare.apiKey') ?? '')
const headers = (): Record<string, string> => (key.value === '' ? {} : { 'X-API-Key': key.value })
const stats = new Poll({ url: '/ops/stats', schema: opsStatsSchema, intervalMs: 1000, headers })
const tree = new Poll({ url: '/ops/tree', schema: opsTreeSchema, intervalMs: 1000, headers })
const rates = new TreeRates()
const nodes = signal<TreeNode | undefined>(undefined)
const link = computed(() => linkOf(stats.state.value))

function OpsPage() {
  return (
    <Shell current="/ops" link={link}>
      <Content />
    </Shell>
  )
}

function Content() {
  const state = stats.state.value
  if (state.kind === 'loading') return <div class="skeleton" style={{ height: '480px' }} role="status" aria-label="Loading the figures" />
  if (state.kind === 'failed' && state.reason === 'unauthorized') return <KeyForm refused={key.value !== ''} submit={useKey} />
  const shown = state.kind === 'ready' ? state : state.last
  if (shown === undefined) return <Unreachable />
  return (
    <>
      {state.kind === 'failed' ? (
        <p class="ops-notice" role="status">
          The server does not answer. These figures are of {new Date(shown.atMs).toLocaleTimeString()}.
        </p>
      ) : null}
      {shown.value.troubles?.map(({ part, reason }) => (
        <p key={part} class="ops-notice" role="status">
          {part}: {reason}
        </p>
      ))}
      <NodeHead stats={shown.value} />
      <Tiles stats={shown.value} />
      <div class="ops-tables" data-old={state.kind === 'failed'}>
        <TreeView tree={nodes.value} />
        <FleetTable stats={shown.value} />
        <ChannelTable stats={shown.value} />
        <SessionTable stats={shown.value} />
        <CloseTable stats={shown.value} />
      </div>
    </>
  )
}

function NodeHead({ stats: { node, totals } }: { readonly stats: OpsStats }) {
  return (
    <header class="ops-head">
      <h1>{node.name}</h1>
      <p>
        <span data-mode={node.mode}>{node.mode}</span>
        <span>{node.role}</span>
        <span>version {node.version}</span>
        <span class="numeral">up {spanText(node.uptimeS)}</span>
        <span class="numeral">pid {node.pid}</span>
        <span class="numeral">{bytesText(totals.bytesOut)} sent</span>
      </p>
    </header>
  )
}

function Tiles({
  stats: { history, sessions, subscriptions, channelCount, perSecond, totals, memory, lagMs },
}: {
  readonly stats: OpsStats
}) {
  const of = (field: 'sessions' | 'accepted' | 'delivered' | 'rssMb' | 'lagMs') => history.map(sample => sample[field])
  const perDelivery = perSecond.writes > 0 ? (perSecond.delivered / perSecond.writes).toFixed(1) : '–'
  return (
    <div class="tiles">
      <Tile name="Sessions" value={shortCount(sessions.websocket + sessions.sse)} values={of('sessions')}>
        {shortCount(sessions.websocket)} WebSocket, {shortCount(sessions.sse)} SSE
      </Tile>
      <Tile name="Delivered a second" value={shortCount(perSecond.delivered)} values={of('delivered')}>
        {shortCount(totals.delivered)} in all, {perDelivery} a write
      </Tile>
      <Tile name="Accepted a second" value={shortCount(perSecond.accepted)} values={of('accepted')}>
        {shortCount(totals.accepted)} in all, {shortCount(totals.appended)} appended
      </Tile>
      <Tile name="Event loop lag" value={millisText(lagMs.p99)} values={of('lagMs')}>
        99th percentile, median {millisText(lagMs.p50)}
      </Tile>
      <Tile name="Memory" value={`${Math.round(memory.rssMb)} MB`} values={of('rssMb')}>
        resident, {Math.round(memory.heapMb)} MB heap
      </Tile>
      <Tile name="Channels" value={shortCount(channelCount)}>
        {shortCount(subscriptions)} {subscriptions === 1 ? 'subscription' : 'subscriptions'}, {shortCount(totals.dropped)} dropped for slow
        readers
      </Tile>
    </div>
  )
}

function Unreachable() {
  return (
    <div class="empty" role="status">
      <h1>The server does not answer</h1>
      <p>This page goes on asking, once a second.</p>
    </div>
  )
}

function useKey(given: string): void {
  key.value = given
  sessionStorage.setItem('fanfare.apiKey', given)
  stats.again()
  tree.again()
}

function linkOf(state: Polled<OpsStats>): StreamState {
  if (state.kind === 'loading') return 'connecting'
  if (state.kind === 'ready') return 'live'
  return state.reason === 'unreachable' ? 'reconnecting' : 'connecting'
}

effect(() => {
  const state = tree.state.value
  if (state.kind === 'ready') nodes.value = treeOf(state.value.nodes, rates.take(state.value.nodes, state.atMs))
})

mount(<OpsPage />)
