import { describe, expect, test } from 'bun:test'
import { SimClock } from '../../sim/core/clock.ts'
import { seededRandom } from '../kit/index.ts'
import { Hearing } from './hearing.ts'

function start(count: number, answers: () => Promise<boolean>) {
  const clock = new SimClock()
  const closed: number[] = []
  const written: string[] = []
  let sentBelow = 0
  const sessions = Array.from({ length: count }, (_, index) => ({
    wire: { name: index % 10 === 0 ? 'sse' : 'websocket' },
    socket: { write: (bytes: Uint8Array) => written.push(new TextDecoder().decode(bytes)) },
    close({ code }: { readonly code: number }) {
      sessions.splice(sessions.indexOf(this), 1)
      closed.push(code)
    },
  }))
  const hearing = new Hearing({
    ...{ clock, random: seededRandom(1), othersHear: answers, sessions: () => sessions },
    sendBelowAway: () => {
      sentBelow++
    },
  })
  return { clock, hearing, closed, written, sessions, below: () => sentBelow }
}

describe('a node that does not hear', () => {
  test('[LB16] sends its clients to resync elsewhere, in waves, once others have said three times that they hear', () => {
    const { clock, hearing, closed, written, below } = start(100, async () => true)
    hearing.changed(true)
    clock.advance(1900)
    expect([closed.length, below()]).toEqual([0, 0])
    clock.advance(200)
    expect([closed.length, below()]).toEqual([5, 1])
    clock.advance(5000)
    expect([closed.length, new Set(closed), written.length]).toEqual([100, new Set([3010]), 10])
    expect(written[0]).toMatch(/^retry: ?\d+\n/)
  })

  test('[LB16] keeps its clients where no other node hears, or none answers', () => {
    for (const answers of [async () => false, () => Promise.reject(new Error('no link')), () => new Promise<boolean>(() => undefined)]) {
      const { clock, hearing, closed } = start(10, answers)
      hearing.changed(true)
      clock.advance(60_000)
      expect(closed).toEqual([])
    }
  })

  test('[LB16] takes a moment in which others have not noticed yet for none in which they hear', () => {
    let asked = 0
    const { clock, hearing, closed } = start(10, async () => ++asked <= 2)
    hearing.changed(true)
    clock.advance(60_000)
    expect([closed, asked > 10]).toEqual([[], true])
  })

  test('[LB16] keeps those that are left when it hears again', () => {
    const { clock, hearing, sessions } = start(100, async () => true)
    hearing.changed(true)
    clock.advance(2100)
    hearing.changed(false)
    clock.advance(60_000)
    expect([sessions.length, hearing.isDeaf]).toEqual([95, false])
  })
})
