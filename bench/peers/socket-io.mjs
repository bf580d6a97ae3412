// A broadcast server on Socket.IO, WebSocket transport only: every line of a POST goes to every client as one event.
import { createServer } from 'node:http'
import process from 'node:process'
import { Server } from 'socket.io'

const http = createServer((request, response) => {
  if (request.method !== 'POST') return
  const parts = []
  request.on('data', part => parts.push(part))
  request.on('end', () => {
    for (const line of Buffer.concat(parts).toString().split('\n')) io.emit('m', JSON.parse(line))
    response.writeHead(204).end()
  })
})
const io = new Server(http, { transports: ['websocket'], serveClient: false })

http.listen({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 4096 })
