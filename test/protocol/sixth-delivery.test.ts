import { expect, test } from 'bun:test'
import { z } from 'zod'
import { BoundedTail, type Delivery, deliveries, deliveryKind, namespacesOf, plain, type StateStore } from '../../src/hub/index.ts'

import { RawClient, startServer, until, userToken } from '../kit/index.ts'

/** All that a sixth delivery takes: the last few publications, once per interval; whoever is slow misses the oldest. */
const ticker = deliveryKind({
  options: { intervalMs: z.number().min(10).default(20), count: z.number().int().min(1).default(3) },
  create: ({ intervalMs, count }): Delivery => ({
    ...plain,
    name: 'ticker',
    places: 'urgent',
    history: { ...plain.history, quietMs: 60_000 },
    laneOf: () => 0,
    states: (channel, pacers): StateStore[] => [new BoundedTail(channel, count, pacers.of(intervalMs))],
    snapshot: ([tail]) => tail?.whole(),
  }),
})
const { defineNamespace } = namespacesOf({ ...deliveries, ticker })

test('[Y31] a sixth delivery is one object: a namespace of it is served like any other', async () => {
  await using server = await startServer()
  server.server.namespace(defineNamespace({ name: 'tape', delivery: 'ticker', count: 3, allowSubscribeForClient: true }))
  for (let n = 1; n <= 5; n++) await server.publish('tape:a', n)
  using raw = await RawClient.connect(server.wsUrl, { token: await userToken('alice') })
  const { subscribe } = await raw.call({ subscribe: { channel: 'tape:a', recoverable: true } })
  expect(subscribe).toMatchObject({ data: [3, 4, 5] })
  expect(subscribe?.recoverable).toBeUndefined()
  for (let n = 6; n <= 30; n++) void server.publish('tape:a', n)
  await until('the batch came', () => raw.data('tape:a').length >= 3)
  expect(raw.data('tape:a')).toEqual([28, 29, 30])
})

test('[Y31] what it takes is checked like any other', () => {
  expect(() => defineNamespace({ name: 'tape', delivery: 'ticker', count: 0 })).toThrow('namespace "tape": count: ')
  expect(() => defineNamespace({ name: 'tape', delivery: 'latest', count: 1 } as never)).toThrow(
    'count: needs delivery "ticker", not "latest"',
  )
})
