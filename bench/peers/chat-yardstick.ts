// The least that a durable message to a group costs on Postgres: one row, committed before it is answered, then a bare loop of sends to every member.
// No inboxes, no receipts, no checks. It speaks just enough of the protocol for the load: chat-yardstick.ts PORT postgres://…
import { SQL } from 'bun'

interface Command {
  readonly id?: number
  readonly connect?: object
  readonly rpc?: {
    readonly method: string
    readonly data: { readonly text?: string; readonly cid?: string; readonly conversation?: string; readonly offset?: number }
  }
}

const [port, url = ''] = process.argv.slice(2)
const sql = new SQL(url, { max: 16 })
await sql`create table if not exists yardstick (
  seq bigserial primary key, author text not null, body text not null, ts timestamptz not null default now())`
const members = new Set<Bun.ServerWebSocket<{ user: string }>>()

Bun.serve<{ user: string }>({
  port: Number(port),
  hostname: '127.0.0.1',
  fetch: (request, server) => (server.upgrade(request, { data: { user: '' } }) ? undefined : new Response('ok')),
  websocket: {
    open: socket => void members.add(socket),
    close: socket => void members.delete(socket),
    message(socket, text) {
      for (const line of String(text).split('\n')) void answer(socket, JSON.parse(line))
    },
  },
})

async function answer(socket: Bun.ServerWebSocket<{ user: string }>, { id, connect, rpc }: Command): Promise<void> {
  if (connect !== undefined) socket.send(JSON.stringify({ id, connect: { client: 'c' } }))
  else if (rpc?.method === 'chat.group') socket.send(JSON.stringify({ id, rpc: { data: { conversation: rpc.data.cid } } }))
  else if (rpc?.method === 'chat.send') {
    const { text = '', conversation } = rpc.data
    const [row] = await sql`insert into yardstick (author, body) values (${socket.data.user}, ${text}) returning seq`
    const seq = Number(row.seq)
    socket.send(JSON.stringify({ id, rpc: { data: { seq } } }))
    const pub = { offset: seq, data: { kind: 'message', conversation, seq, text } }
    const frame = JSON.stringify({ push: { channel: 'inbox', pub } })
    for (const member of members) member.send(frame)
  } else if (id !== undefined) socket.send(JSON.stringify({ id, rpc: { data: {} } }))
}
