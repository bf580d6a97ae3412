import { shortCount } from '../figures.ts'
import type { OpsStats } from '../ops-stats.ts'
import { Scroll } from './scroll.tsx'

/** The nodes of the fleet, and what each owns, as the node that answers sees them. */
export function FleetTable({ stats: { fleet, node } }: { readonly stats: OpsStats }) {
  if (fleet === undefined || fleet === null) return null
  const { members, slots, owned, gained, lost, term } = fleet
  return (
    <section class="panel wide">
      <h2 class="panel-title">Fleet</h2>
      <p class="fan-out">
        <strong class="numeral">
          {members.length} {members.length === 1 ? 'node' : 'nodes'}
        </strong>
        <span class="numeral">
          This one owns {shortCount(owned)} of {shortCount(slots)} slots, was given {shortCount(gained)} since its start and gave or lost{' '}
          {shortCount(lost)}; the highest term is {term}.
        </span>
      </p>
      <Scroll label="Fleet">
        <table>
          <thead>
            <tr>
              <th scope="col">Node</th>
              <th scope="col">Address</th>
              <th scope="col">Slots</th>
              <th scope="col">Link</th>
            </tr>
          </thead>
          <tbody>
            {members.map(member => (
              <tr key={member.node}>
                <th scope="row">
                  <code>{member.node}</code>
                  {member.node === node.id ? ' (this one)' : ''}
                </th>
                <td>{member.address}</td>
                <td class="numeral bar" style={{ '--share': member.slots / Math.max(1, slots) }}>
                  {shortCount(member.slots)}
                </td>
                <td data-warn={!member.isLinked}>{member.isLinked ? 'up' : 'down'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </section>
  )
}
