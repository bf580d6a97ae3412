import { describe, expect, test } from 'bun:test'
import { SimClock } from '../../sim/core/clock.ts'
import type { AccessRequest } from '../hub/index.ts'
import { CommandError, errors } from '../protocol/index.ts'
import { protocol } from './protocol.ts'
import { UpstreamGrants } from './upstream-grants.ts'
import type { WireGrant } from './wire.ts'

/** Services upstream that answer when they are told to. */
function upstream(decide: (request: AccessRequest) => WireGrant | null) {
  const clock = new SimClock()
  const asked: AccessRequest[] = []
  const waiting: (() => void)[] = []
  const grants = new UpstreamGrants(clock, {
    request({ output }, input) {
      const { request } = protocol.authorize.input.parse(input)
      asked.push(request)
      return new Promise((resolve, reject) => {
        waiting.push(() => {
          try {
            resolve(output.parse(decide(request)))
          } catch (error) {
            reject(error)
          }
        })
      })
    },
  })
  const answer = () => {
    clock.settle()
    for (const run of waiting.splice(0)) run()
    clock.settle()
  }
  return { clock, asked, grants, answer }
}

const subscribe = (user: string, channel = 'game:1'): AccessRequest => ({ channel, user, action: 'subscribe' })

describe('what services upstream decide', () => {
  test('[T13] an answer for everyone is asked for once for a crowd of any users', async () => {
    const { grants, asked, answer, clock } = upstream(() => ({ data: { score: 1 }, forEveryone: true }))
    const crowd = Array.from({ length: 1000 }, (_, n) => grants.ask(subscribe(`user${n}`)))
    answer()
    for (const grant of await Promise.all(crowd)) expect(grant).toMatchObject({ data: { score: 1 } })
    expect(await grants.ask(subscribe('latecomer'))).toMatchObject({ forEveryone: true })
    expect(asked).toHaveLength(1)
    clock.advance(1001)
    const later = grants.ask(subscribe('later'))
    answer()
    await later
    expect(asked).toHaveLength(2)
  })

  test('[S23] what viewers are granted who are behind is asked for once for each delay, and never handed to others', async () => {
    const { grants, asked, answer } = upstream(({ delayMs = 0 }) => ({ data: { delayMs }, forEveryone: true }))
    const delays = [0, 10_000, 30_000]
    const crowd = Array.from({ length: 300 }, (_, n) => {
      const delayMs = delays[n % 3] ?? 0
      return { delayMs, granted: grants.ask({ ...subscribe(`user${n}`), ...(delayMs === 0 ? {} : { delayMs }) }) }
    })
    answer()
    for (const { delayMs, granted } of crowd) expect(await granted).toMatchObject({ data: { delayMs } })
    expect(asked.map(({ delayMs }) => delayMs)).toEqual([undefined, 10_000, 30_000])
  })

  test('[T13] any other answer is for its user alone, and asked for once for all connections of that user', async () => {
    const { grants, asked, answer } = upstream(({ user }) => ({ data: user }))
    const crowd = Array.from({ length: 30 }, (_, n) => grants.ask(subscribe(`user${n % 3}`)))
    answer()
    answer()
    expect((await Promise.all(crowd)).map(grant => (grant === false ? grant : grant.data))).toEqual(
      Array.from({ length: 30 }, (_, n) => `user${n % 3}`),
    )
    expect(asked.map(({ user }) => user).sort()).toEqual(['user0', 'user1', 'user2'])
  })

  test('[T13] a refusal is not kept, nor handed to others; a question with data is asked each time', async () => {
    const { grants, asked, answer } = upstream(({ user }) => {
      if (user === 'mallory') throw new CommandError(errors.permissionDenied)
      return { forEveryone: true }
    })
    const refused = grants.ask(subscribe('mallory')).catch((error: unknown) => error)
    const allowed = grants.ask(subscribe('alice'))
    answer()
    answer()
    expect(await refused).toMatchObject({ code: 103 })
    expect(await allowed).toMatchObject({ forEveryone: true })
    for (let n = 0; n < 2; n++) {
      const published = grants.ask({ channel: 'game:1', user: 'alice', action: 'publish', data: n })
      answer()
      await published
    }
    expect(asked.filter(({ action }) => action === 'publish')).toHaveLength(2)
  })

  test('[T13] where nobody upstream decides any more, the answer is no', async () => {
    const { grants, answer } = upstream(() => null)
    const asked = grants.ask(subscribe('alice'))
    answer()
    expect(await asked).toBe(false)
  })

  test('[K33] a user’s question is asked though another’s hundreds have no answer yet, and none of those is lost', async () => {
    const { grants, asked, answer, clock } = upstream(() => ({}))
    const many = Array.from({ length: 500 }, (_, n) => grants.ask(subscribe('mallory', `game:${n}`)))
    clock.settle()
    expect(asked).toHaveLength(64)
    const own = grants.ask(subscribe('ada', 'game:ada'))
    await Promise.resolve()
    expect([asked.length, asked.at(-1)?.user]).toEqual([65, 'ada'])
    const all = Promise.all([...many, own])
    for (let rounds = 0; asked.length < 501 && rounds < 100; rounds++) {
      answer()
      await new Promise(resolve => setImmediate(resolve))
    }
    answer()
    expect(await all).toHaveLength(501)
  })
})
