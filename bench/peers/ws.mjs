// A broadcast server on the `ws` package: every line of a POST goes to every client as one message.
import { createServer } from 'node:http'
import process from 'node:process'
import { WebSocketServer } from 'ws'

const http = createServer((request, response) => {
  const parts = []
  request.on('data', part => parts.push(part))
  request.on('end', () => {
    for (const line of Buffer.concat(parts).toString().split('\n')) broadcast(Buffer.from(line))
    response.writeHead(204).end()
  })
})
const sockets = new WebSocketServer({ server: http, perMessageDeflate: false })

function broadcast(message) {
  for (const client of sockets.clients) client.send(message, { binary: false })
}

http.listen({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 4096 })
