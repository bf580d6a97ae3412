import { runSeeds } from '../seed-command.ts'
import { chatCanaries } from './canary.ts'
import { ChatSimulation } from './simulation.ts'

runSeeds({
  path: 'sim/chat/run.ts',
  seeds: 300,
  canaries: chatCanaries,
  simulate(seed, { trace, canary: number }) {
    const canary = number === undefined ? undefined : chatCanaries[number]
    return new ChatSimulation(seed, { ...(trace === undefined ? {} : { trace }), ...(canary === undefined ? {} : { canary }) }).run()
  },
})
