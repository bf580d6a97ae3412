import { createServer } from 'fanfare'
import { z } from 'zod'

const server = await createServer({ port: Number(process.env.PORT ?? 7400) }, { listen: false })
const items = new Set(await (await fetch(process.env.ITEMS ?? 'data:application/json,["tea"]')).json())
server.command('orders.check', z.object({ item: z.string() }), ({ item }) => ({ sold: items.has(item) }))
await server.listen()
console.log(`orders are checked at ${server.url}`)
