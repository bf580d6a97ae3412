import { runSeeds } from './seed-command.ts'
import { Simulation } from './simulation.ts'

runSeeds({
  path: 'sim/run.ts',
  seeds: 1000,
  simulate: (seed, { trace }) => new Simulation(seed, trace === undefined ? {} : { trace }).run(),
})
