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
const fleetSeeds = rounds(10, 300)

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

const mustHappenInFleets = [
  'batches of before',
  'corrections',
  'streams resumed elsewhere',
  'fault: a node is parted from the log',
  'fault: a node stands still',
  'fault: the owner of a game crashes',
  'fault: the owner of a game stands still',
  'fault: the owner of a game is parted from the rows',
]

describe('simulated sports', () => {
  test(`[Y62] whatever is cut, slow, crashed and corrected, every viewer comes to the board of the service, and urgent changes are told once and in order (${seeds} run)`, () => {
    const { broken, total } = sports.run(1, seeds)
    expect(broken).toEqual([])
    if (seeds >= 40) expect(mustHappen.filter(what => total.of(what) === 0)).toEqual([])
  })

  test(`[Y70] a fleet with feeds and viewers on any node, whose logs, leases, rows and links are cut and whose owners of games crash or stand still, brings every viewer to the score that the feeds have said (${fleetSeeds} run)`, () => {
    const { broken, total } = fleet.run(1, fleetSeeds)
    expect(broken).toEqual([])
    if (fleetSeeds >= 40) expect(mustHappenInFleets.filter(what => total.of(what) === 0)).toEqual([])
  })

  for (const { seed, story } of keptSportsSeeds) {
    test(`[X2] seed ${seed} of sports: ${story}`, () => expect(sports.violationOf(seed)).toBeUndefined())
  }

  for (const mutant of sportsMutants) {
    const seeds = mutant.topology === 'fleet' ? fleet : sports
    test(`[Y63] a sports service that ${mutant.name} is caught`, () => expect(seeds.caught(mutant, mutantSeeds)).toBeDefined())
  }

  test('[X5] a run of sports in which nothing happens fails', () => {
    expect(sports.violationOf(1, { idle: true })).toContain('only 0 batches')
  })

  test('[X6] the same seed of sports gives the same run, event for event', () => {
    expect(sports.traceOf(5)).toEqual(sports.traceOf(5))
    expect(sports.traceOf(5)).not.toEqual(sports.traceOf(6))
  })
})
