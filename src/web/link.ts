import { unreachable } from '../kit/index.ts'

/** What a page says about its stream: `stale` is connected, as far as anyone knows, but quiet for too long. */
export type StreamState = 'connecting' | 'live' | 'reconnecting' | 'stale' | 'offline'

/** What can happen to a stream. `lost`: the browser will try again. `silence`: nothing came for longer than it should take. */
export type LinkEvent = 'message' | 'lost' | 'silence' | 'offline' | 'online'

/** Every state meets every event here. A message is the only proof of being live. */
export function nextLink(link: StreamState, event: LinkEvent): StreamState {
  switch (event) {
    case 'message':
      return 'live'
    case 'offline':
      return 'offline'
    case 'online':
      return link === 'offline' ? 'reconnecting' : link
    case 'lost':
      return link === 'live' || link === 'stale' ? 'reconnecting' : link
    case 'silence':
      return link === 'live' ? 'stale' : link
    default:
      return unreachable(event)
  }
}
