import { describe, expect, test } from 'bun:test'
import { type Canary, canaries } from '../sim/canary.ts'
import { keptSeeds } from '../sim/seeds.ts'
import { Simulation, type SimulationOptions } from '../sim/simulation.ts'
import { Tally } from '../sim/tally.ts'
import { rounds } from './support/index.ts'

/** `SIM_SEEDS=20000` looks further than the fixed ones. */
const seeds = Number(process.env.SIM_SEEDS ?? rounds(100, 1000))
/** How many seeds on thin lines. */
const thinSeeds = rounds(50, 500)
/** A broken broker must be noticed within so many runs. */
const canarySeeds = rounds(15, 100)

function violationOf(seed: number, options: SimulationOptions = {}): string | undefined {
  return new Simulation(seed, options).run().violation?.message
}

/** In how many of some runs a broken broker is noticed. */
function catchesOf(canary: Canary, options: SimulationOptions): number {
  const verdicts = Array.from({ length: canarySeeds }, (_, index) => violationOf(index + 1, { ...options, canary }))
  return verdicts.filter(violation => violation !== undefined).length
}

/** Everything that a run tells, as one line after the other. */
function traceOf(seed: number): string[] {
  const lines: string[] = []
  new Simulation(seed, { trace: line => lines.push(line) }).run()
  return lines
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
    const total = new Tally()
    const broken: string[] = []
    for (let seed = 1; seed <= seeds; seed++) {
      const { violation, tally } = new Simulation(seed).run()
      total.add(tally)
      if (violation !== undefined) broken.push(`seed ${seed}: ${violation.message} (replay: bun sim/run.ts --seed ${seed} --trace)`)
    }
    expect(broken).toEqual([])
    if (seeds >= 100) expect(mustHappen.filter(what => total.of(what) === 0)).toEqual([])
  })

  for (const { seed, story } of keptSeeds) {
    test(`[X2] seed ${seed}: ${story}`, () => expect(violationOf(seed)).toBeUndefined())
  }

  for (const canary of canaries) {
    test(`[X3] a broker that ${canary.name} is caught by ${canary.isHarmful ? 'what clients see' : 'whoever reads its answers'}`, () =>
      expect(catchesOf(canary, { witnessed: !canary.isHarmful })).toBeGreaterThan(1))
  }

  test('[X4] clients of a broker that calls a part of a history complete are told that they were not recovered, and get no part', () => {
    for (const canary of canaries) if (!canary.isHarmful) expect(catchesOf(canary, { witnessed: false })).toBe(0)
  })

  test('[R9][U50] clients on thin lines come to the end of every channel, and no connection ends for slowness again and again without bringing anything', () => {
    const total = new Tally()
    const broken: string[] = []
    for (let seed = 1; seed <= thinSeeds; seed++) {
      const { violation, tally } = new Simulation(seed, { thinLines: true }).run()
      total.add(tally)
      if (violation !== undefined) broken.push(`seed ${seed}: ${violation.message}`)
    }
    expect(broken).toEqual([])
    expect(['recovered', 'not recovered', 'closed 3008', 'unsubscribed 2500'].filter(what => total.of(what) === 0)).toEqual([])
  })

  test('[X5] a run in which nothing happens fails', () => {
    expect(violationOf(1, { idle: true })).toContain('only 0 publishes')
  })

  test('[X6] the same seed gives the same run, event for event, and another seed another', () => {
    expect(traceOf(5)).toEqual(traceOf(5))
    expect(traceOf(5)).not.toEqual(traceOf(6))
  })
})
