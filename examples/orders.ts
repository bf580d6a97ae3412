import { createServer } from 'fanfare'
import { z } from 'zod'

// A shop's orders: placed by command, and shown live to whoever placed them. Run it with `bun examples/orders.ts`.
const server = await createServer({
  port: Number(process.env.PORT ?? 7400),
  channel: { namespaces: [{ name: 'orders', delivery: 'stream', history_size: 100, history_ttl: '10m' }] },
})
const Order = z.object({ item: z.string().min(1), count: z.int().positive().default(1) })
let orders = 0

// Callers have a user: strangers are refused before this runs. `{ anonymous: true }` as the last argument would accept them.
server.command('orders.place', Order, async (order, { user }) => {
  const placed = { id: ++orders, user, ...order }
  await server.publish(`orders:${user}`, placed)
  return placed
})
server.authorize('orders', ({ channel, user }) => channel === `orders:${user}`)
server.on('connect', ({ client }) => console.log(`${client.user} is here`))

process.on('SIGTERM', () => void server.close())
console.log(`orders are taken at ${server.url}`)
