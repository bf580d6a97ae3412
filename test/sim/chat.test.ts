import { describe, expect, test } from 'bun:test'
import { InvitationRace } from '../../sim/workloads/chat/invitation-race.ts'
import { chatMutants, crowded } from '../../sim/workloads/chat/mutants.ts'
import { keptChatSeeds } from '../../sim/workloads/chat/seeds.ts'
import { chatWorkload } from '../../sim/workloads/chat/workload.ts'
import { rounds } from '../kit/index.ts'
import { Seeds } from './seeds.ts'

/** `CHAT_SEEDS=20000` looks further than the fixed number. */
const seeds = Number(process.env.CHAT_SEEDS ?? rounds(15, 1000))
/** A broken service must be noticed within so many runs. */
const mutantSeeds = 20
/** How many follow an invitation at once, and how many there is room for. */
const [crowd, room] = [rounds(120, 300), rounds(100, 256)]
const raceSeeds = rounds(4, 20)

const chat = new Seeds(chatWorkload)
const fleet = new Seeds(chatWorkload, { topology: 'fleet' })
const fleetSeeds = rounds(6, 200)

/** Without these a run of many seeds would have tried less than it says. */
const mustHappen = [
  'crashes at an await',
  'crashes',
  'shutdowns',
  'connections cut',
  'fault: a device loses all it keeps',
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
    const { broken, total } = chat.run(1, seeds)
    expect(broken).toEqual([])
    const due = seeds >= 200 ? [...mustHappen, ...rare] : mustHappen
    if (seeds >= 40) expect(due.filter(what => total.of(what) === 0)).toEqual([])
  })

  test(`[Y69] seeds of chat on three equal nodes over one store, with devices on any of them, keep every promise of chat (${fleetSeeds} run)`, () => {
    const { broken, total } = fleet.run(1, fleetSeeds)
    expect(broken).toEqual([])
    expect(
      ['fault: a node is parted from the log', 'fault: a node stands still', 'sends checked'].filter(what => total.of(what) === 0),
    ).toEqual([])
  })

  for (const { seed, story } of keptChatSeeds) {
    test(`[X8] seed ${seed}: ${story}`, () => expect(chat.violationOf(seed)).toBeUndefined())
  }

  for (const mutant of chatMutants) {
    test(`[X9] a service that ${mutant.name} is caught`, () => expect(chat.caught(mutant, mutantSeeds)).toBeDefined())
  }

  test(`[M15] of ${crowd} who follow an invitation at once, exactly as many get in as make a group of ${room}, though the server dies meanwhile`, () => {
    expect(new InvitationRace(1, { crowd, membersMax: room }).run().violation?.message).toBeUndefined()
  })

  test('[M15] so it is with every seed, and a service that overlooks some of the members is caught', () => {
    const group = { crowd: 24, membersMax: 16 }
    for (let seed = 1; seed <= raceSeeds; seed++)
      expect(new InvitationRace(seed, group).run().violation?.message, `seed ${seed}`).toBeUndefined()
    expect(new InvitationRace(1, { ...group, mutant: crowded }).run().violation?.message).toContain('there is room for 16')
  })

  test('[X5] a run in which nothing happens fails', () => {
    expect(chat.violationOf(1, { idle: true })).toContain('only 0 sends')
  })

  test('[X6] the same seed gives the same run, event for event, and another seed another', () => {
    expect(chat.traceOf(5)).toEqual(chat.traceOf(5))
    expect(chat.traceOf(5)).not.toEqual(chat.traceOf(6))
  })
})
