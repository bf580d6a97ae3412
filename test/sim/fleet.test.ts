import { describe, expect, test } from 'bun:test'
import { fleetMutants } from '../../sim/cluster/fleet/mutants.ts'
import { channelsWorkload } from '../../sim/workloads/channels/workload.ts'
import { rounds } from '../kit/index.ts'
import { Seeds } from './seeds.ts'

/** `FLEET_SEEDS=20000` looks further than the fixed number. */
const seeds = Number(process.env.FLEET_SEEDS ?? rounds(20, 1000))
/** A broken part must be noticed within so many runs. */
const mutantSeeds = 20
const fleet = new Seeds(channelsWorkload(), { topology: 'fleet' })

/** Without these a run of many seeds would have tried less than it says. */
const mustHappen = [
  'recovered',
  'not recovered',
  'streams resumed elsewhere',
  'delivered conflated',
  'delivered latest',
  'delivered lanes',
  'writes of owners',
  'writes of another node',
  'writes that failed',
  'fault: a node crashes',
  'fault: a node ends in order',
  'fault: a node stands still',
  'fault: a node is parted from the log',
  'fault: a node reads the log late',
  'fault: a node is parted from the leases',
  'fault: a node is parted from another',
]

describe('the simulated fleet', () => {
  test(`[Y67] seeds of cuts between nodes, logs and leases, of stalls and crashes keep every promise of channels (${seeds} run)`, () => {
    const { broken, total } = fleet.run(1, seeds)
    expect(broken).toEqual([])
    if (seeds >= 30) expect(mustHappen.filter(what => total.of(what) === 0)).toEqual([])
  })

  for (const mutant of fleetMutants) {
    test(`[Y68] a fleet that ${mutant.name} is caught`, () => expect(fleet.caught(mutant, mutantSeeds)).toBeDefined())
  }

  test('[X5] a fleet in which nothing happens fails', () => {
    expect(fleet.violationOf(1, { idle: true })).toContain('only 0 publishes')
  })

  test('[X6] the same seed gives the same fleet, event for event', () => {
    expect(fleet.traceOf(5)).toEqual(fleet.traceOf(5))
    expect(fleet.traceOf(5)).not.toEqual(fleet.traceOf(6))
  })
})
