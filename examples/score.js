import { Centrifuge } from 'centrifuge'

const { token } = await fetch('http://localhost:7400/auth/guest', { method: 'POST', body: '{"name":"Ada"}' }).then(r => r.json())
const client = new Centrifuge('ws://localhost:7400/connection/websocket', { token })
const match = client.newSubscription('sports:game_arg-fra-2022', { recoverable: true })

match.on('subscribed', ({ data }) => console.log('now', data.board.score))
match.on('publication', ({ data }) => {
  if (data?.board) console.log(data.board.score)
})

match.subscribe()
client.connect()
