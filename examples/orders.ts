import { createServer, type Json } from 'fanfare'
import { z } from 'zod'

// A shop's orders: placed by command, and shown live to whoever placed them. Run it with `bun examples/orders.ts`.
const Order = z.object({ item: z.string().min(1), count: z.int().min(1).default(1) })
const orders: Json[] = []

async function save(order: z.output<typeof Order>, user: string) {
  const saved = { id: orders.length + 1, user, ...order }
  orders.push(saved)
  return saved
}

const server = await createServer({
  port: Number(process.env.PORT ?? 7400),
  channel: { namespaces: [{ name: 'orders', delivery: 'stream', history_size: 100, history_ttl: '10m' }] },
})

server.command('orders.place', Order, async (order, { user }) => {
  const saved = await save(order, user)
  await server.publish(`orders:${user}`, saved)
  return saved
})
server.authorize('orders', ({ channel, user }) => user !== '' && channel === `orders:${user}`)
server.on('connect', ({ client }) => console.log(`${client.user} is here`))

process.on('SIGTERM', () => void server.close())
console.log(`orders are taken at ${server.url}`)
