import { describe, expect, test } from 'bun:test'
import { SimClock } from '../../sim/core/clock.ts'
import { FakeParents } from '../../test/kit/fakes/link-pipe.ts'
import { silentLog } from '../hub/index.ts'
import { seededRandom } from '../kit/index.ts'
import { BrokenLink } from './link.ts'
import { Peer } from './peer.ts'
import { protocol } from './protocol.ts'

/** A node and another one at `ws://b`, which answers with how often it was asked. */
function start(state: 'there' | 'away' = 'there', node = 'b') {
  const clock = new SimClock()
  let asked = 0
  const others = new FakeParents(clock, (_address, name) => {
    if (name === 'peer') return { node }
    return name === 'alive' ? { nodes: [] } : { [`asked ${++asked}`]: 1 }
  })
  others.state.set('ws://b', state)
  const options = { clock, random: seededRandom(1), log: silentLog, id: 'a', secret: 's', connect: others.connect }
  const peer = new Peer({ node: 'b', address: 'ws://b' }, options)
  const ask = () => {
    const outcome: { value?: unknown; error?: unknown } = {}
    peer.request(protocol.channels, { pattern: '*' }).then(
      value => Object.assign(outcome, { value }),
      (error: unknown) => Object.assign(outcome, { error }),
    )
    return outcome
  }
  return { clock, others, peer, ask }
}

describe('a peer', () => {
  test('[N29] requests wait for the link, and fail for the moment where there is none in time', () => {
    const { clock, others, ask } = start('away')
    const late = ask()
    clock.advance(2_900)
    expect(late).toEqual({})
    clock.advance(200)
    expect(late.error).toBeInstanceOf(BrokenLink)
    const waiting = ask()
    others.state.set('ws://b', 'there')
    clock.advance(2_500)
    expect(waiting.value).toEqual({ 'asked 1': 1 })
  })

  test('[N29] those that waited in vain take no room from others', () => {
    const { clock, others, ask } = start('away')
    const late = Array.from({ length: 10_000 }, ask)
    const beyond = ask()
    clock.advance(1)
    expect(beyond.error).toBeInstanceOf(BrokenLink)
    clock.advance(3_100)
    expect(late.every(({ error }) => error instanceof BrokenLink)).toBe(true)
    const waiting = ask()
    others.state.set('ws://b', 'there')
    clock.advance(2_500)
    expect(waiting.value).toEqual({ 'asked 1': 1 })
  })

  test('[N29] a link that breaks, or falls silent, is made anew; another node at the address is not taken for the peer', () => {
    const { clock, others, peer, ask } = start()
    clock.advance(100)
    expect(peer.isUp).toBe(true)
    others.cut('ws://b')
    clock.advance(1000)
    expect([peer.isUp, others.attempts.length]).toEqual([true, 2])
    others.state.set('ws://b', 'deaf')
    const unanswered = ask()
    clock.advance(7000)
    expect(peer.isUp).toBe(false)
    expect(unanswered.error).toBeInstanceOf(BrokenLink)
    const stranger = start('there', 'c')
    stranger.clock.advance(1000)
    expect(stranger.peer.isUp).toBe(false)
  })
})
