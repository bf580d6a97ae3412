import { expect, test } from 'bun:test'
import { nextState, type StreamIncident, type StreamState } from './stream-state.ts'

const table: Record<StreamState, Record<StreamIncident, StreamState>> = {
  connecting: { message: 'live', lost: 'connecting', silence: 'connecting', offline: 'offline', online: 'connecting' },
  live: { message: 'live', lost: 'reconnecting', silence: 'stale', offline: 'offline', online: 'live' },
  reconnecting: { message: 'live', lost: 'reconnecting', silence: 'reconnecting', offline: 'offline', online: 'reconnecting' },
  stale: { message: 'live', lost: 'reconnecting', silence: 'stale', offline: 'offline', online: 'stale' },
  offline: { message: 'live', lost: 'offline', silence: 'offline', offline: 'offline', online: 'reconnecting' },
}

const links: StreamState[] = ['connecting', 'live', 'reconnecting', 'stale', 'offline']
const events: StreamIncident[] = ['message', 'lost', 'silence', 'offline', 'online']

test.each(links.flatMap(link => events.map(event => [link, event, table[link][event]] as const)))(
  '[W4] a page that is %s and meets %s is %s',
  (link, event, next) => {
    expect(nextState(link, event)).toBe(next)
  },
)
