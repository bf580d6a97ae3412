import { describe, expect, test } from 'bun:test'
import { type BrokerMutant, brokerMutants } from '../../sim/workloads/channels/mutants.ts'
import { keptSeeds, keptThinSeeds } from '../../sim/workloads/channels/seeds.ts'
import { channelsWorkload } from '../../sim/workloads/channels/workload.ts'
import { rounds } from '../kit/index.ts'
import { Seeds } from './seeds.ts'

/** `SIM_SEEDS=20000` looks further than the fixed ones. */
const seeds = Number(process.env.SIM_SEEDS ?? rounds(50, 1000))
/** How many seeds on thin lines. */
const thinSeeds = rounds(25, 500)
/** A broken broker must be noticed within so many runs. */
const mutantSeeds = rounds(15, 100)

const channels = new Seeds(channelsWorkload())
const thin = new Seeds(channelsWorkload({ thinLines: true }))
const clientsAlone = new Seeds(channelsWorkload({ checksHistory: false }))

/** In how many of some runs a broken broker is noticed. */
function catchesOf(mutant: BrokerMutant, seen: typeof channels): number {
  const verdicts = Array.from({ length: mutantSeeds }, (_, index) => seen.violationOf(index + 1, { mutant }))
  return verdicts.filter(violation => violation !== undefined).length
}

/** Without these a run of many seeds would have tried less than it says. */
const mustHappen = [
  'recovered',
  'not recovered',
  'streams resumed elsewhere',
  'streams begun behind',
  'watchlists changed',
  'deltas',
  'ephemeral dropped',
  'messages lost',
  'messages doubled',
  'closed 3008',
  'unsubscribed 2500',
  'subscribed by the server',
  'appends refused',
  'fault: the broker crashes',
  'fault: a server crashes',
  'fault: a server is parted from the broker',
  'fault: a clock leaps',
  'delivered conflated',
  'delivered latest',
  'delivered lanes',
  'delivered ephemeral',
  'a log whose offsets skip',
]

describe('the simulated cluster', () => {
  test(`[X1] seeds of loss, delay, reordering, duplication, partition, crash and slow disks keep every promise (${seeds} run)`, () => {
    const { broken, total } = channels.run(1, seeds)
    expect(broken).toEqual([])
    if (seeds >= 100) expect(mustHappen.filter(what => total.of(what) === 0)).toEqual([])
  })

  for (const { seed, story } of keptSeeds) {
    test(`[X2] seed ${seed}: ${story}`, () => expect(channels.violationOf(seed)).toBeUndefined())
  }

  for (const { seed, story } of keptThinSeeds) {
    test(`[X2] seed ${seed} on thin lines: ${story}`, () => expect(thin.violationOf(seed)).toBeUndefined())
  }

  for (const mutant of brokerMutants) {
    test(`[X3] a broker that ${mutant.name} is caught by ${mutant.isHarmful ? 'what clients see' : 'whoever reads its answers'}`, () =>
      expect(catchesOf(mutant, mutant.isHarmful ? clientsAlone : channels)).toBeGreaterThan(1))
  }

  test('[X4] clients of a broker that calls a part of a history complete are told that they were not recovered, and get no part', () => {
    for (const mutant of brokerMutants) if (!mutant.isHarmful) expect(catchesOf(mutant, clientsAlone)).toBe(0)
  })

  test('[R9][U50] clients on thin lines come to the end of every channel, and no connection ends for slowness again and again without bringing anything', () => {
    const { broken, total } = thin.run(1, thinSeeds)
    expect(broken).toEqual([])
    expect(['recovered', 'not recovered', 'closed 3008', 'unsubscribed 2500'].filter(what => total.of(what) === 0)).toEqual([])
  })

  test('[X5] a run in which nothing happens fails', () => {
    expect(channels.violationOf(1, { idle: true })).toContain('only 0 publishes')
  })

  test('[X6] the same seed gives the same run, event for event, and another seed another', () => {
    expect(channels.traceOf(5)).toEqual(channels.traceOf(5))
    expect(channels.traceOf(5)).not.toEqual(channels.traceOf(6))
  })
})
