import { describe, expect, test } from 'bun:test'
import { linkMutants } from '../../sim/cluster/fleet/mutants.ts'
import { channelsWorkload } from '../../sim/workloads/channels/workload.ts'
import { rounds } from '../kit/index.ts'
import { Seeds } from './seeds.ts'

const seeds = rounds(30, 500)
/** A broken part must be noticed within so many runs. */
const mutantSeeds = 20
const tree = new Seeds(channelsWorkload(), { topology: 'tree' })

/** Without these a run of many seeds would have tried less than it says. */
const mustHappen = [
  'recovered',
  'not recovered',
  'streams resumed elsewhere',
  'fault: a relay crashes',
  'fault: a relay ends in order',
  'fault: the central node crashes',
  'fault: a relay is parted from the central node',
  'fault: a machine stands still',
  'fault: the disk refuses',
]

describe('the simulated tree', () => {
  test(`[Y71] seeds of relays whose links to a central node break, and of crashes on both sides, keep every promise of channels (${seeds} run)`, () => {
    const { broken, total } = tree.run(1, seeds)
    expect(broken).toEqual([])
    expect(mustHappen.filter(what => total.of(what) === 0)).toEqual([])
  })

  for (const mutant of linkMutants) {
    test(`[Y71] a tree that ${mutant.name} is caught`, () => expect(tree.caught(mutant, mutantSeeds)).toBeDefined())
  }
})
