import { unreachable } from '../kit/index.ts'

/** The state of a page's stream. `stale` is connected, as far as anyone knows, but quiet for too long. */
export type StreamState = 'connecting' | 'live' | 'reconnecting' | 'stale' | 'offline'

/** What can happen to a stream. `lost`: the browser will try again. `silence`: nothing came for longer than it should take. */
export type StreamIncident = 'message' | 'lost' | 'silence' | 'offline' | 'online'

/** Every state meets every incident here. A message is the only proof of being live. */
export function nextState(state: StreamState, incident: StreamIncident): StreamState {
  switch (incident) {
    case 'message':
      return 'live'
    case 'offline':
      return 'offline'
    case 'online':
      return state === 'offline' ? 'reconnecting' : state
    case 'lost':
      return state === 'live' || state === 'stale' ? 'reconnecting' : state
    case 'silence':
      return state === 'live' ? 'stale' : state
    default:
      return unreachable(incident)
  }
}
