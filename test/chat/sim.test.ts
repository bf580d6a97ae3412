import { describe, expect, test } from 'bun:test'
import { type ChatCanary, chatCanaries, crowded } from '../../sim/chat/canary.ts'
import { Rush } from '../../sim/chat/rush.ts'
import { keptChatSeeds } from '../../sim/chat/seeds.ts'
import { ChatSimulation, type ChatSimulationOptions } from '../../sim/chat/simulation.ts'
import { Tally } from '../../sim/tally.ts'
import { rounds } from '../support/index.ts'

/** `CHAT_SEEDS=20000` looks further than the fixed number. */
const seeds = Number(process.env.CHAT_SEEDS ?? rounds(40, 1000))
/** A broken service must be noticed within so many runs. */
const canarySeeds = 20
/** How many follow an invitation at once, and how many there is room for. */
const [crowd, room] = [rounds(120, 300), rounds(100, 256)]
const rushSeeds = rounds(8, 20)

function violationOf(seed: number, options: ChatSimulationOptions = {}): string | undefined {
  return new ChatSimulation(seed, options).run().violation?.message
}

/** The first seed in which a broken service is noticed. */
function caughtBy(canary: ChatCanary): number | undefined {
  for (let seed = 1; seed <= canarySeeds; seed++) if (violationOf(seed, { canary }) !== undefined) return seed
  return undefined
}

/** Everything that a run tells, as one line after the other. */
function traceOf(seed: number): string[] {
  const lines: string[] = []
  new ChatSimulation(seed, { trace: line => lines.push(line) }).run()
  return lines
}

/** Without these a run of many seeds would have tried less than it says. */
const mustHappen = [
  'crashes at an await',
  'crashes',
  'shutdowns',
  'connections cut',
  'devices wiped',
  'tried again',
  'entries again',
  'chat.send',
  'chat.edit',
  'chat.delete',
  'chat.react',
  'chat.read',
  'chat.clear',
  'chat.add',
  'chat.remove',
  'chat.leave',
  'chat.join',
  'chat.role',
  'sends checked',
  'messages checked',
  'ticks checked',
  'receipts checked',
  'unread checked',
  'left conversations checked',
  'app sends',
  'app ticks checked',
  'apps killed',
]

/** What happens in one or two seeds of a hundred. */
const rare = ['put off 429', 'backlogs in windows']

describe('simulated chat', () => {
  test(`[X7, M1, M3, M4, M5, M9, M11, M15, M17, M18, M22] seeds of crashes, cuts and slow lines lose nothing, double nothing, and leave every device with the same (${seeds} run)`, () => {
    const total = new Tally()
    const broken: string[] = []
    for (let seed = 1; seed <= seeds; seed++) {
      const { violation, tally } = new ChatSimulation(seed).run()
      total.add(tally)
      if (violation !== undefined) broken.push(`seed ${seed}: ${violation.message} (replay: bun sim/chat/run.ts --seed ${seed} --trace)`)
    }
    expect(broken).toEqual([])
    const due = seeds >= 200 ? [...mustHappen, ...rare] : mustHappen
    if (seeds >= 40) expect(due.filter(what => total.of(what) === 0)).toEqual([])
  })

  for (const { seed, story } of keptChatSeeds) {
    test(`[X8] seed ${seed}: ${story}`, () => expect(violationOf(seed)).toBeUndefined())
  }

  for (const canary of chatCanaries) {
    test(`[X9] a service that ${canary.name} is caught`, () => expect(caughtBy(canary)).toBeDefined())
  }

  test(`[M15] of ${crowd} who follow an invitation at once, exactly as many get in as make a group of ${room}, though the server dies meanwhile`, () => {
    expect(new Rush(1, { crowd, membersMax: room }).run().violation?.message).toBeUndefined()
  })

  test('[M15] so it is with every seed, and a service that overlooks some of the members is caught', () => {
    const group = { crowd: 24, membersMax: 16 }
    for (let seed = 1; seed <= rushSeeds; seed++) expect(new Rush(seed, group).run().violation?.message, `seed ${seed}`).toBeUndefined()
    expect(new Rush(1, { ...group, canary: crowded }).run().violation?.message).toContain('there is room for 16')
  })

  test('[X5] a run in which nothing happens fails', () => {
    expect(violationOf(1, { idle: true })).toContain('only 0 sends')
  })

  test('[X6] the same seed gives the same run, event for event, and another seed another', () => {
    expect(traceOf(5)).toEqual(traceOf(5))
    expect(traceOf(5)).not.toEqual(traceOf(6))
  })
})
