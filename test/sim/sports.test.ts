import { describe, expect, test } from 'bun:test'
import { sportsMutants } from '../../sim/workloads/sports/mutants.ts'
import { keptSportsSeeds } from '../../sim/workloads/sports/seeds.ts'
import { sportsWorkload } from '../../sim/workloads/sports/workload.ts'
import { rounds } from '../kit/index.ts'
import { Seeds } from './seeds.ts'

/** `SPORTS_SEEDS=20000` looks further than the fixed number. */
const seeds = Number(process.env.SPORTS_SEEDS ?? rounds(20, 1000))
/** A broken service must be noticed within so many runs. */
const mutantSeeds = 20
const sports = new Seeds(sportsWorkload)
const fleet = new Seeds(sportsWorkload, { topology: 'fleet' })
const fleetSeeds = rounds(6, 200)

/** Without these a run of many seeds would have tried less than it says. */
const mustHappen = [
  'recovered',
  'not recovered',
  'batches of before',
  'corrections',
  'answers to the feed lost',
  'urgent messages',
  'lesser messages',
  'figures checked',
  'appends refused',
  'streams begun behind',
  'watchlists changed',
  'fault: the server crashes',
  'fault: the server ends in order',
]

describe('simulated sports', () => {
  test(`[Y62] whatever is cut, slow, crashed and corrected, every viewer comes to the board of the service, and urgent changes are told once and in order (${seeds} run)`, () => {
    const { broken, total } = sports.run(1, seeds)
    expect(broken).toEqual([])
    if (seeds >= 40) expect(mustHappen.filter(what => total.of(what) === 0)).toEqual([])
  })

  test(`[Y70] a node with sports in a fleet whose logs, leases and links are cut brings every viewer to the board of its service (${fleetSeeds} run)`, () => {
    const { broken, total } = fleet.run(1, fleetSeeds)
    expect(broken).toEqual([])
    expect(
      ['fault: a node is parted from the log', 'fault: a node stands still', 'corrections'].filter(what => total.of(what) === 0),
    ).toEqual([])
  })

  for (const { seed, story } of keptSportsSeeds) {
    test(`[X2] seed ${seed} of sports: ${story}`, () => expect(sports.violationOf(seed)).toBeUndefined())
  }

  for (const mutant of sportsMutants) {
    test(`[Y63] a sports service that ${mutant.name} is caught`, () => expect(sports.caught(mutant, mutantSeeds)).toBeDefined())
  }

  test('[X5] a run of sports in which nothing happens fails', () => {
    expect(sports.violationOf(1, { idle: true })).toContain('only 0 batches')
  })

  test('[X6] the same seed of sports gives the same run, event for event', () => {
    expect(sports.traceOf(5)).toEqual(sports.traceOf(5))
    expect(sports.traceOf(5)).not.toEqual(sports.traceOf(6))
  })
})
