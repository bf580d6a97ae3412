import { expect, test } from 'bun:test'
import { createTestServer } from 'fanfare/testing'
import { z } from 'zod'

test('an offer is made by a user, and ends after an hour', async () => {
  await using shop = await createTestServer({ channel: { namespaces: [{ name: 'offers', delivery: 'latest' }] } })
  const { server, clock } = shop
  server.command('offers.make', z.object({ item: z.string() }), async ({ item }, { user }) => {
    await server.publish(`offers:${item}`, { user, open: true })
    server.clock.after(3_600_000, () => void server.publish(`offers:${item}`, { user, open: false }))
  })
  const offer = async () => (await server.history('offers:tea', { limit: 0 })).state[0]?.data

  const headers = { Authorization: `Bearer ${await shop.tokenFor('ada')}` }
  const made = await fetch(`${shop.url}/rpc/offers.make`, { method: 'POST', headers, body: '{"item":"tea"}' })
  expect(made.status).toBe(200)
  expect(await offer()).toEqual({ user: 'ada', open: true })
  clock.advance(3_600_000)
  expect(await offer()).toEqual({ user: 'ada', open: false })
})
