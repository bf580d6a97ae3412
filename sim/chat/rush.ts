import { between } from '../../src/kit/index.ts'
import { chatDefaults } from '../../src/server/index.ts'
import type { Tally } from '../tally.ts'
import type { Device } from './device.ts'
import { ChatFaults } from './faults.ts'
import { ChatWorld, type WorldOptions } from './world.ts'

export interface RushOptions extends WorldOptions {
  readonly crowd: number
  readonly membersMax: number
}

export interface RushOutcome {
  readonly tally: Tally
  readonly violation: Error | undefined
}

const rushMs = 1500
/** When the server is to die at one of its next awaits. */
const killsMs = [25, 500, 900]
const generous = { perSecond: 100_000, burst: 100_000 }

/** More people than there is room for follow one invitation at the same time, while the server dies and lines break. */
export class Rush {
  readonly world: ChatWorld

  constructor(
    seed: number,
    readonly options: RushOptions,
  ) {
    this.world = new ChatWorld(seed, options)
  }

  run(): RushOutcome {
    const { world } = this
    const violation = world.attempt(() => this.#play())
    return { tally: world.tally, violation }
  }

  #play(): void {
    const { world, options } = this
    const { time, tally, book } = world
    const bounds = { ...chatDefaults, membersMax: options.membersMax, messageRate: generous, commandRate: generous }
    let reached = () => {}
    world.start({ bounds, slowShare: 0.01, againShare: 0.02 }, () => reached())
    const owner = world.device('owner', 'phone')
    owner.wish('chat.group', { title: 'a group', members: [], cid: 'one' })
    if (!world.advance(1000)) return
    const [id = ''] = owner.replica.copies.keys()
    owner.wish('chat.invite', { conversation: id })
    const crowd = Array.from({ length: options.crowd }, (_, index) => world.device(`u${index}`, 'phone'))
    if (!world.advance(2000)) return
    const [code = ''] = book.codes
    const faults = new ChatFaults({
      ...{ time, tally, machine: world.machine, random: world.fork(), faultMs: 250, strikes: 'drizzle' },
      devices: crowd,
      trace: line => world.trace(line),
    })
    reached = () => faults.reached()
    for (const ms of killsMs) time.after(ms, () => faults.crashAtSomeAwait())
    for (const device of crowd) time.after(between(world.random, 0, 20), () => device.wish('chat.join', { code }))
    if (!world.advance(rushMs)) return
    faults.stop()
    if (!world.advance(12_000)) return
    this.#check([owner, ...crowd], id)
  }

  #check(devices: readonly Device[], id: string): void {
    const { world, options } = this
    const { judge, tally } = world
    const { members, entries } = world.rows()
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
