import { CommandError, createServer, defineNamespace, type Json, json, type Server } from 'fanfare'
import { chatWith } from 'fanfare/chat/server'
import { createTestServer } from 'fanfare/testing'
import { z } from 'zod'
import { poll } from './poll.js'

// Read by a compiler alone: what the declarations allow.

interface Line {
  readonly item: string
  readonly note?: string
}

interface Order {
  readonly id: number
  readonly at: Date
  readonly lines: readonly Line[]
}

export async function shop(order: Order): Promise<Server> {
  const server = await createServer({ port: 0, channel: { namespaces: [{ name: 'orders', history_size: 100, history_ttl: '10m' }] } })
  server.namespace(defineNamespace({ name: 'prices', delivery: 'latest' }))
  server.command('orders.show', z.object({ id: z.number() }), async ({ id }, { user }) => {
    if (id !== order.id) throw new CommandError({ code: 404, message: 'order_unknown' }, `there is no order ${id} of ${user}`)
    return order
  })
  const kept: Json = json(order)
  await server.publish('orders:ada', kept)
  await server.publish('orders:ada', { order, at: order.at })
  const here: readonly string[] = Object.values(await server.presence('orders:ada')).map(({ user }) => user)
  await Promise.all(here.map(user => server.disconnect(user)))
  return server
}

export async function tokenOfTest(): Promise<string> {
  await using shop = await createTestServer()
  shop.clock.advance(60_000)
  return shop.tokenFor('ada', { channels: ['orders:ada'] })
}

export async function polled(): Promise<Server> {
  const server = await createServer({ services: ['poll'], poll: { choices: ['tea', 'coffee'] } }, { services: [poll], listen: false })
  await server.listen()
  return server
}

export async function screened(): Promise<Server> {
  const chat = chatWith({
    async screen({ author, text }) {
      if (text?.includes('spam') === true) throw new CommandError({ code: 403, message: 'refused' }, `not from ${author}`)
    },
    existing: async users => users.filter(user => user !== 'nobody'),
  })
  return createServer({ services: ['chat'], chat: { new_conversation_limit: 100 } }, { services: [chat] })
}
