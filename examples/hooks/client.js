import { Centrifuge } from 'centrifuge'

const client = new Centrifuge('ws://127.0.0.1:7400/connection/websocket', { data: { name: 'alice' } })
const orders = client.newSubscription('orders:alice')
orders.on('publication', ({ data }) => console.log('ordered', data))
orders.subscribe()
client.connect()
await client.rpc('orders.place', { item: 'tea' })
