import { expect, spyOn, test } from 'bun:test'
import { z } from 'zod'
import { SimClock } from '../../../sim/core/clock.ts'
import { Applications, DirectClient } from '../../../test/kit/applications.ts'
import { defineNamespace } from '../../hub/index.ts'
import type { ConfigInput } from '../config/index.ts'
import { defineService } from '../services/index.ts'

const news = {
  ...{ name: 'news', history_size: 100, history_ttl: '5m', force_recovery: true },
  ...{ allow_subscribe_for_client: true, allow_history_for_client: true },
} as const
const input: ConfigInput = { channel: { namespaces: [news] } }

/** A central node and one below it, linked. */
async function pair() {
  const clock = new SimClock()
  const all = new Applications(clock)
  const above = all.create('above', input)
  const below = all.create('below', {}, 'above')
  await above.start()
  const started = below.start()
  clock.advance(100)
  await started
  return { clock, all, above, below }
}

test('[Y40] two applications on a simulated clock, linked in memory, serve publishing, recovery and history', async () => {
  const { clock, all, above, below } = await pair()
  const alice = new DirectClient(below.node, 'alice', clock)
  const subscribed = alice.call({ subscribe: { channel: 'news:1' } })
  expect(subscribed?.subscribe?.offset).toBe(0)
  for (let n = 1; n <= 3; n++) await above.publish('news:1', n)
  clock.advance(100)
  expect(alice.data('news:1')).toEqual([1, 2, 3])

  // What the link loses is read from the history, and comes once and in order.
  all.cutLinks()
  for (let n = 4; n <= 6; n++) await above.publish('news:1', n)
  clock.advance(5_000)
  expect(alice.data('news:1')).toEqual([1, 2, 3, 4, 5, 6])

  alice.session.closed()
  for (let n = 7; n <= 9; n++) await above.publish('news:1', n)
  const again = new DirectClient(below.node, 'alice', clock)
  const { epoch } = subscribed?.subscribe ?? {}
  const recovered = again.call({ subscribe: { channel: 'news:1', recover: true, epoch, offset: 6 } })?.subscribe
  expect([recovered?.recovered, recovered?.publications?.map(({ data }) => data)]).toEqual([true, [7, 8, 9]])
  const page = below.history('news:1', { limit: -1 })
  clock.advance(100)
  expect((await page).publications).toHaveLength(9)
  await below.close()
  await above.close()
})

test('[Y40] what code at the top registers is asked for from below: commands, authorizers, namespaces', async () => {
  const { clock, above, below } = await pair()
  above.namespace({ name: 'room', historySize: 10, historyTtlMs: 60_000 })
  above.authorize('room', ({ user }) => user === 'alice')
  above.command('double', z.strictObject({ n: z.number() }), ({ n }, { user }) => ({ user, n: 2 * n }))
  clock.advance(100)
  const alice = new DirectClient(below.node, 'alice', clock)
  const bob = new DirectClient(below.node, 'bob', clock)
  expect(alice.call({ rpc: { method: 'double', data: { n: 21 } } })?.rpc?.data).toEqual({ user: 'alice', n: 42 })
  expect(alice.call({ subscribe: { channel: 'room:1' } })?.error).toBeUndefined()
  expect(bob.call({ subscribe: { channel: 'room:1' } })?.error?.code).toBe(103)
  await below.close()
  await above.close()
})

test('[Y40] a node that shows another secret is turned away', async () => {
  const clock = new SimClock()
  const all = new Applications(clock)
  const above = all.create('above', { node: { secret: 'another-secret-of-16' } })
  const below = all.create('below', {}, 'above')
  await above.start()
  void below.start()
  clock.advance(10_000)
  expect([above.topology.children.size, below.topology.isOrphan]).toEqual([0, true])
  await below.close()
  await above.close()
})

test('[Y40] an application asks only through what it was given', async () => {
  const asked: string[] = []
  const clock = new SimClock()
  const hook = { url: 'http://back.end/left', timeout: '1s', retries: 0 }
  const outside = [spyOn(globalThis, 'fetch'), spyOn(globalThis, 'setTimeout'), spyOn(globalThis, 'setInterval'), spyOn(Bun, 'serve')]
  const application = new Applications(clock).create(
    'a',
    { ...input, hooks: { secret: 'x'.repeat(32), allowed_hosts: ['back.end'], disconnect: hook } },
    undefined,
    {
      fetch: (url, { body }) => {
        asked.push(`${url} ${JSON.parse(String(body)).event}`)
        return Promise.resolve(Response.json({}))
      },
    },
  )
  await application.start()
  const alice = new DirectClient(application.node, 'alice', clock)
  await application.disconnect('alice')
  clock.advance(1_000)
  expect([alice.closedWith, asked]).toEqual([3503, ['http://back.end/left disconnect']])
  const closing = application.close()
  clock.advance(10_000)
  await closing
  expect(outside.map(spy => spy.mock.calls.length)).toEqual([0, 0, 0, 0])
  for (const spy of outside) spy.mockRestore()
})

test('[Y40] revocations outlive an application in the store that it was given', async () => {
  const clock = new SimClock()
  const kept = new Map<string, string>()
  const revocations = {
    load: () => [...kept.values()],
    put: (key: string, body: string) => void kept.set(key, body),
    remove: (key: string) => void kept.delete(key),
  }
  const first = new Applications(clock).create('a', input, undefined, { store: { revocations } })
  await first.revoke({ kind: 'token', uid: 'lost', expireAt: 0 })
  await first.close()
  const second = new Applications(clock).create('b', input, undefined, { store: { revocations } })
  expect(second.node.revocations.coversConnection('alice', { uid: 'lost' })).toBe(true)
  await second.close()
})

test('[Y40] a service runs in it as in a server: its namespace, commands, pages, figures and end', async () => {
  const clock = new SimClock()
  const shown: string[] = []
  let votes = 0
  const poll = defineService({
    name: 'poll',
    namespaces: [defineNamespace({ name: 'poll', delivery: 'latest', allowSubscribeForClient: true })],
    pages: { '/poll': { index: './poll.html' } },
    start(host) {
      host.command('poll.vote', z.strictObject({ for: z.string() }), async input => {
        await host.publish('poll:now', { votes: ++votes, last: input.for })
        return { votes }
      })
      host.metric({ name: 'poll_votes_total', help: 'Votes.', read: () => votes })
      host.onClose(() => void shown.push('ended'))
    },
  })
  const application = new Applications(clock).create('a', {}, undefined, {
    page: path => void shown.push(path),
    metric: ({ name, read }) => void shown.push(`${name} ${read()}`),
  })
  await application.start()
  await application.mount(poll)
  const [alice, bob] = [new DirectClient(application.node, 'alice', clock), new DirectClient(application.node, 'bob', clock)]
  alice.call({ subscribe: { channel: 'poll:now' } })
  expect(bob.call({ rpc: { method: 'poll.vote', data: { for: 'red' } } })?.rpc?.data).toEqual({ votes: 1 })
  expect(alice.data('poll:now')).toEqual([{ votes: 1, last: 'red' }])
  await application.close()
  expect(shown).toEqual(['poll_votes_total 0', '/poll', 'ended'])
})
