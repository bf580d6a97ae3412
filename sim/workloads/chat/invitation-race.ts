import { between } from '../../../src/kit/index.ts'
import { chatDefaults } from '../../../src/services/chat/index.ts'
import type { Tally } from '../../core/tally.ts'
import { World } from '../../core/world.ts'
import type { Device } from './device.ts'
import { ChatFaults } from './faults.ts'
import type { ChatMutant } from './mutants.ts'
import { ChatNodes } from './nodes.ts'

export interface RaceOptions {
  readonly mutant?: ChatMutant
  readonly crowd: number
  readonly membersMax: number
}

export interface RaceOutcome {
  readonly tally: Tally
  readonly violation: Error | undefined
}

const raceMs = 1500
/** When the server is to die at one of its next awaits. */
const killsMs = [25, 500, 900]
const generous = { perSecond: 100_000, burst: 100_000 }

/** More people than there is room for follow one invitation at the same time, while the server dies and lines break. */
export class InvitationRace {
  readonly world: World

  constructor(
    seed: number,
    readonly options: RaceOptions,
  ) {
    this.world = new World(seed, undefined)
  }

  run(): RaceOutcome {
    const { world } = this
    let nodes: ChatNodes | undefined
    const violation = world.attempt(() => {
      nodes = this.#nodes()
      this.#play(nodes)
    })
    nodes?.close()
    return { tally: world.tally, violation }
  }

  #nodes(): ChatNodes {
    const { membersMax, mutant } = this.options
    const bounds = { ...chatDefaults, membersMax, messageRate: generous, commandRate: generous }
    return new ChatNodes(this.world, { bounds, slowShare: 0.01, againShare: 0.02 }, mutant)
  }

  #play(nodes: ChatNodes): void {
    const { world, options } = this
    const { time, tally } = world
    const owner = nodes.device('owner', 'phone')
    owner.wish('chat.group', { title: 'a group', members: [], cid: 'one' })
    if (!world.advance(1000)) return
    const [id = ''] = owner.replica.copies.keys()
    owner.wish('chat.invite', { conversation: id })
    const crowd = Array.from({ length: options.crowd }, (_, index) => nodes.device(`u${index}`, 'phone'))
    if (!world.advance(2000)) return
    const [code = ''] = nodes.transcript.codes
    const faults = new ChatFaults({
      ...{ time, tally, nodes, random: world.fork(), faultMs: 250, isStormy: false },
      devices: crowd,
      trace: line => world.trace(line),
    })
    nodes.reached = machine => faults.reached(machine)
    for (const ms of killsMs) time.after(ms, () => faults.crashAtSomeAwait())
    for (const device of crowd) time.after(between(world.random, 0, 20), () => device.wish('chat.join', { code }))
    if (!world.advance(raceMs)) return
    faults.stop()
    if (!world.advance(12_000)) return
    this.#check(nodes, [owner, ...crowd], id)
  }

  #check(nodes: ChatNodes, devices: readonly Device[], id: string): void {
    const { world, options } = this
    const { judge, tally } = world
    const { members, entries } = nodes.rows()
    const inside = new Set(members.flatMap(({ conversation, person, active }) => (conversation === id && active === 1 ? [person] : [])))
    judge.hold(inside.size === options.membersMax, `${inside.size} are in, there is room for ${options.membersMax}`)
    judge.hold(tally.of('crashes') > 0, 'the server never died')
    const joins = entries.filter(({ body }) => body?.includes('"joined"') === true)
    judge.hold(joins.length === options.membersMax - 1, `${joins.length} joins are in the log`)
    judge.hold(tally.of('chat.join') >= options.membersMax - 1, `only ${tally.of('chat.join')} were told that they are in`)
    for (const { user, replica, waiting } of devices) {
      judge.hold(waiting.length === 0, `${user} was never answered`)
      judge.hold(replica.copies.has(id) === inside.has(user), `${user} is ${inside.has(user) ? '' : 'not '}in, and does not know`)
      const known = replica.copies.get(id)?.members ?? new Set()
      judge.hold(!inside.has(user) || Bun.deepEquals(known, inside), `${user} knows of ${known.size} members`)
    }
  }
}
