import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { SignJWT } from 'jose'
import { EngineError } from '../engine-error.ts'
import { DemoFleet } from './demo-fleet.ts'

const usage = `usage: npm run fleet -- [--port 7400] [--nodes 3] [--brokers 3]

Starts nodes that form one system, Kafka, Postgres and HAProxy in front of them, on this machine. Clients connect to
HAProxy on --port; the nodes have the ports behind it. Ctrl-C stops all of it, and nothing is kept.`

const options = {
  port: { type: 'string', default: '7400' },
  nodes: { type: 'string', default: '3' },
  brokers: { type: 'string', default: '3' },
  help: { type: 'boolean', short: 'h', default: false },
} as const

const nodesMax = 9

/** What anybody may do in the channels of news. */
const open = {
  allow_subscribe_for_client: true,
  allow_publish_for_client: true,
  allow_presence_for_subscriber: true,
  allow_subscribe_for_anonymous: true,
} as const

process.exitCode = await main().catch((error: unknown) => {
  if (!(error instanceof EngineError)) throw error
  console.error(error.message)
  return 1
})

async function main(): Promise<number> {
  const { values } = parseArgs({ options })
  const [port, nodes] = [Number(values.port), Number(values.nodes)]
  const brokers = values.brokers === '1' ? 1 : values.brokers === '3' ? 3 : undefined
  const isRight = port > 0 && port < 65_000 && nodes >= 1 && nodes <= nodesMax && brokers !== undefined
  if (values.help || !isRight) {
    console.log(usage)
    return values.help ? 0 : 2
  }
  const ended = new Promise<void>(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
  const secrets = { tokens: secret(), api: secret(), nodes: secret() }
  const config = {
    client: { token: { hmac_secret_key: secrets.tokens } },
    http_api: { key: secrets.api },
    node: { secret: secrets.nodes },
    channel: { namespaces: [{ name: 'news', history_size: 1000, history_ttl: '1h', presence: true, ...open }] },
    shutdown: { timeout: '3s' },
  }
  const fleet = await DemoFleet.start({ port, nodes, brokers, config, say: console.log })
  await tell(fleet, secrets)
  await ended
  console.log('\nstopping')
  await fleet[Symbol.asyncDispose]()
  return 0
}

function secret(): string {
  return randomBytes(24).toString('base64url')
}

async function tell({ haproxy, nodes, kafka, postgres }: DemoFleet, secrets: { tokens: string; api: string }): Promise<void> {
  const tokens = await Promise.all(['alice', 'bob'].map(async user => `  ${user}: ${await tokenOf(user, secrets.tokens)}`))
  console.log(`
All of it runs; Ctrl-C stops it.

  clients    ${haproxy.url}   ${haproxy.url.replace('http', 'ws')}/connection/websocket
${nodes.map(({ name, url, pid }) => `  ${name}     ${url}   process ${pid}`).join('\n')}
  Kafka      ${kafka.addresses.map((address, index) => `${address} (process ${kafka.broker(index + 1).pid})`).join(', ')}
  Postgres   ${postgres.urlOf('fanfare')}   process ${postgres.pid}

Tokens for a day:
${tokens.join('\n')}

Follow a channel, publish to it from elsewhere, then kill a node and do it again:
  curl -N '${haproxy.url}/sse?channel=news:today'
  curl -X POST ${haproxy.url}/api/publish -H 'X-API-Key: ${secrets.api}' -d '{"channel":"news:today","data":"hello"}'`)
}

function tokenOf(user: string, key: string): Promise<string> {
  return new SignJWT({ sub: user }).setProtectedHeader({ alg: 'HS256' }).setExpirationTime('1d').sign(new TextEncoder().encode(key))
}
