import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'

// A back end that decides who connects and subscribes, and takes orders. Plain Node, no dependencies; read README.md for how to start it.
const { PORT = '3000', HOOKS_SECRET = 'for-this-example-only-0123456789abcdef', API_KEY = 'for-this-example-only-fedcba9876543210' } = process.env
const { FANFARE_URL = 'http://127.0.0.1:7400' } = process.env
let orders = 0

const hooks = {
  connect: ({ data }) =>
    data?.name ? { result: { user: data.name, info: { name: data.name } } } : { disconnect: { code: 4501, reason: 'say your name' } },
  subscribe: ({ user, channel }) =>
    user && channel === `orders:${user}` ? { result: {} } : { error: { code: 403, message: 'not yours' } },
  rpc: async ({ user, method, data }) => {
    // A stranger may POST a command without having connected.
    if (!user) return { error: { code: 401, message: 'user_missing' } }
    if (method !== 'orders.place') return { error: { code: 404, message: `method_unknown: ${method}` } }
    const order = { id: ++orders, user, item: data?.item }
    await publish(`orders:${user}`, order)
    return { result: { data: order } }
  },
  channel_occupied: ({ channel }) => console.log(`someone watches ${channel}`),
  channel_vacated: ({ channel }) => console.log(`nobody watches ${channel}`),
  disconnect: ({ user, reason }) => console.log(`${user} left: ${reason}`),
}

async function publish(channel, data) {
  const headers = { 'Content-Type': 'application/json', 'X-API-Key': API_KEY }
  const response = await fetch(`${FANFARE_URL}/api/publish`, { method: 'POST', headers, body: JSON.stringify({ channel, data }) })
  const { error } = await response.json()
  if (error) throw new Error(`could not publish: ${error.message}`)
}

function isSigned(header, body) {
  const [, time = '', given = ''] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(header ?? '') ?? []
  const expected = createHmac('sha256', HOOKS_SECRET).update(`${time}.${body}`).digest()
  return given !== '' && Math.abs(Date.now() / 1000 - Number(time)) < 300 && timingSafeEqual(Buffer.from(given, 'hex'), expected)
}

const server = createServer(async (request, response) => {
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) body += chunk
  const name = request.url?.slice(1) ?? ''
  if (!isSigned(request.headers['x-fanfare-signature'], body)) return response.writeHead(401).end()
  if (!Object.hasOwn(hooks, name)) return response.writeHead(404).end()
  const answer = (await hooks[name](JSON.parse(body))) ?? {}
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(answer))
})
server.listen(Number(PORT), '127.0.0.1', () => console.log(`hooks are answered at http://127.0.0.1:${server.address().port}`))
process.on('SIGTERM', () => server.close())
