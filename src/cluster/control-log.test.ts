import { describe, expect, test } from 'bun:test'
import type { Control } from '../hub/index.ts'
import { ControlLog } from './control-log.ts'

const order = (user: string): Control => ({ kind: 'disconnect', user, code: 3503, reason: 'force disconnect' })
const usersOf = (controls: readonly { message: Control }[]) => controls.map(({ message }) => ('user' in message ? message.user : ''))

/** A node that takes whatever comes from above. */
function relayOf(central: ControlLog): ControlLog {
  const relay = new ControlLog()
  if (central.heard !== undefined) relay.catchUp(central.heard)
  return relay
}

describe('control messages', () => {
  test('[T11] a node that was away hears what it missed, once, whichever parent it comes back to', () => {
    const central = new ControlLog('root')
    const regional = relayOf(central)
    const edge = relayOf(regional)
    const say = (user: string, ...relays: ControlLog[]) => {
      central.issue(order(user))
      for (const relay of relays) if (central.newest !== undefined) relay.take(central.newest)
    }
    say('a', regional, edge)
    say('b', regional)
    say('c', regional)
    const other = relayOf(central)
    say('d', regional, other)
    expect(usersOf(regional.missedBy(edge.heard))).toEqual(['b', 'c', 'd'])
    // The other parent linked late: it knows of what came since.
    expect(usersOf(other.missedBy(edge.heard))).toEqual(['d'])
    for (const missed of regional.missedBy(edge.heard)) expect(edge.take(missed)).toBe(true)
    for (const again of regional.missedBy(undefined)) expect(edge.take(again)).toBe(false)
    expect(regional.missedBy(edge.heard)).toEqual([])
  })

  test('[T11] a new node hears nothing of what was before it', () => {
    const central = new ControlLog('root')
    central.issue(order('a'))
    expect(central.missedBy(undefined)).toEqual([])
  })

  test('[T11] a central node that was started again is heard from its first message on', () => {
    const before = new ControlLog('one')
    const edge = relayOf(before)
    for (const user of ['a', 'b', 'c']) {
      before.issue(order(user))
      if (before.newest !== undefined) edge.take(before.newest)
    }
    const after = new ControlLog('two')
    after.issue(order('d'))
    const missed = after.missedBy(edge.heard)
    expect(usersOf(missed)).toEqual(['d'])
    expect(missed.map(control => edge.take(control))).toEqual([true])
    expect(usersOf(edge.missedBy({ root: 'one', number: 1 }))).toEqual(['d'])
  })

  test('[T11] a thousand are kept', () => {
    const central = new ControlLog('root')
    const heard = central.heard
    for (let n = 0; n < 1500; n++) central.issue(order(`u${n}`))
    expect(usersOf(central.missedBy(heard))).toEqual(Array.from({ length: 1000 }, (_, n) => `u${n + 500}`))
  })
})
