import { bytesText, shortCount, spanText } from '../figures.ts'
import type { OpsStats } from '../ops-stats.ts'
import { Scroll } from './scroll.tsx'

/** The channels with the most subscribers. */
export function ChannelTable({ stats: { channels } }: { readonly stats: OpsStats }) {
  const most = Math.max(1, ...channels.map(({ subscribers }) => subscribers))
  return (
    <section class="panel wide">
      <h2 class="panel-title">Channels with most subscribers</h2>
      <Scroll label="Channels">
        <table>
          <thead>
            <tr>
              <th scope="col">Channel</th>
              <th scope="col">Delivery</th>
              <th scope="col">Subscribers</th>
              <th scope="col">A second</th>
              <th scope="col">Published</th>
              <th scope="col">Offset</th>
            </tr>
          </thead>
          <tbody>
            {channels.map(({ channel, delivery, subscribers, perSecond, published, offset }) => (
              <tr key={channel}>
                <th scope="row">{channel}</th>
                <td>{delivery}</td>
                <td class="numeral bar" style={{ '--share': subscribers / most }}>
                  {shortCount(subscribers)}
                </td>
                <td class="numeral">{shortCount(perSecond)}</td>
                <td class="numeral">{shortCount(published)}</td>
                <td class="numeral">{offset}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {channels.length === 0 ? <p class="none">No channel has a subscriber.</p> : null}
    </section>
  )
}

/** The sessions that came last. */
export function SessionTable({ stats: { sessionsList } }: { readonly stats: OpsStats }) {
  return (
    <section class="panel wide">
      <h2 class="panel-title">Sessions</h2>
      <Scroll label="Sessions">
        <table>
          <thead>
            <tr>
              <th scope="col">Client</th>
              <th scope="col">User</th>
              <th scope="col">Transport</th>
              <th scope="col">Channels</th>
              <th scope="col">Waiting</th>
              <th scope="col">Delivered</th>
              <th scope="col">Connected</th>
            </tr>
          </thead>
          <tbody>
            {sessionsList.map(({ client, user, transport, channels, bufferedBytes, delivered, connectedS }) => (
              <tr key={client}>
                <th scope="row">
                  <code>{client.slice(0, 8)}</code>
                </th>
                <td>{user === '' ? <i>anonymous</i> : user}</td>
                <td>{transport}</td>
                <td class="numeral">{channels}</td>
                <td class="numeral" data-warn={bufferedBytes > 0}>
                  {bytesText(bufferedBytes)}
                </td>
                <td class="numeral">{shortCount(delivered)}</td>
                <td class="numeral">{spanText(connectedS)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {sessionsList.length === 0 ? <p class="none">Nobody is connected.</p> : null}
    </section>
  )
}

const closeMeanings: Readonly<Record<string, string>> = {
  3000: 'closed by the client',
  3001: 'shutdown',
  3004: 'internal error',
  3005: 'connection expired',
  3008: 'slow reader',
  3010: 'insufficient state',
  3011: 'forced to reconnect',
  3012: 'no pong',
  3013: 'too many requests',
  3500: 'invalid token',
  3501: 'bad request',
  3502: 'stale',
  3503: 'forced to disconnect',
  3504: 'connection limit',
  3505: 'channel limit',
  3507: 'permission denied',
}

/** How connections ended since the start. */
export function CloseTable({ stats: { closes } }: { readonly stats: OpsStats }) {
  const rows = Object.entries(closes).toSorted(([, left], [, right]) => right - left)
  return (
    <section class="panel">
      <h2 class="panel-title">Closed connections</h2>
      <Scroll label="Closed connections">
        <table>
          <thead>
            <tr>
              <th scope="col">Code</th>
              <th scope="col">Why</th>
              <th scope="col">Count</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(([code, count]) => (
              <tr key={code}>
                <th scope="row" class="numeral">
                  {code}
                </th>
                <td>{closeMeanings[code] ?? 'other'}</td>
                <td class="numeral">{shortCount(count)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {rows.length === 0 ? <p class="none">None so far.</p> : null}
    </section>
  )
}
