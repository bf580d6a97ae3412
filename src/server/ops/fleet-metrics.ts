import type { FleetFigures, Topology } from '../../cluster/index.ts'
import type { Metric } from './metric.ts'

/** Figures of the fleet as this node sees it; none where it is none of one. */
export function fleetMetrics(topology: Pick<Topology, 'fleet' | 'troubles'>): Metric[] {
  if (topology.fleet() === undefined) return []
  const read = (figure: (fleet: FleetFigures) => number) => () => {
    const fleet = topology.fleet()
    return fleet === undefined ? 0 : figure(fleet)
  }
  return [
    { name: 'fleet_members', help: 'Nodes of the fleet that are alive, this one among them.', read: read(({ members }) => members.length) },
    {
      name: 'fleet_members_linked',
      help: 'Members that this node has a link to, itself among them.',
      read: read(({ members }) => members.filter(({ isLinked }) => isLinked).length),
    },
    { name: 'fleet_slots_owned', help: 'Slots that this node owns; all members together own 4096.', read: read(({ owned }) => owned) },
    { name: 'fleet_terms_begun_total', help: 'Slots that this node came to own.', read: read(({ gained }) => gained) },
    { name: 'fleet_terms_ended_total', help: 'Slots that this node gave back or lost.', read: read(({ lost }) => lost) },
    {
      name: 'fleet_term',
      help: 'The highest term of a slot of this node: how many owners that slot has had.',
      read: read(({ term }) => term),
    },
    {
      name: 'fleet_log_round_trip_seconds',
      help: 'How long the newest record that this node sent to itself through the log was on its way; one goes out each second.',
      read: read(({ roundTripMs }) => roundTripMs / 1000),
    },
    {
      name: 'fleet_log_kept_bytes',
      help: 'Publications that this node keeps for recovery and history.',
      read: read(({ keptBytes }) => keptBytes),
    },
    {
      name: 'fleet_log_records_skipped_total',
      help: 'Records of the log that were passed over, by reason.',
      label: 'reason',
      read: () => topology.fleet()?.skipped ?? {},
    },
    {
      name: 'fleet_away',
      help: '1 for a part that cannot be used at the moment: kafka or postgres do not answer, or the node is deaf to what others publish.',
      label: 'part',
      read: () => {
        const away = new Set(topology.troubles().map(({ part }) => part))
        return { kafka: Number(away.has('kafka')), postgres: Number(away.has('postgres')), deaf: Number(away.has('deaf')) }
      },
    },
  ]
}
