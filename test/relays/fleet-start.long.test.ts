import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { SQL } from 'bun'
import { TopicAdmin } from '../contract/over-kafka.ts'
import { api } from '../kit/api.ts'
import { FanfareProcess, Folder, freePort, Kafka, lacks, lacksKafka, Postgres, tokenSecret } from '../kit/index.ts'
import { fleetInput } from '../kit/servers/fleet.ts'
import { nodeSecret } from '../kit/servers/tree.ts'

const what = 'the start of a fleet in bad surroundings'
const main = join(import.meta.dir, '../../src/cli/main.ts')
const sasl = { mechanism: 'SCRAM-SHA-256', username: 'fan', password: 'fare-not-to-be-seen' } as const

let kafka: Kafka
let guarded: Kafka
let postgres: Postgres
let topics = 0

interface Ended {
  readonly code: number | null
  readonly said: string
}

/** `fanfare start` as a node of a fleet, with options that are wrong in one place. It must end by itself. */
async function start(options: Readonly<Record<string, string>>): Promise<Ended> {
  using folder = new Folder()
  const port = freePort()
  const flags = {
    ...{ port: String(port), data: folder.path, broker: kafka.url, 'node.secret': nodeSecret, 'node.address': `ws://127.0.0.1:${port}` },
    ...{ 'client.token.hmac_secret_key': tokenSecret, 'kafka.topics.prefix': `start${++topics}`, 'kafka.topics.partitions': '2' },
    ...options,
  }
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value])
  const child = Bun.spawn([process.execPath, main, 'start', ...args], {
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    env: { PATH: process.env.PATH ?? '' },
  })
  const [said] = await Promise.all([new Response(child.stderr).text(), new Response(child.stdout).text()])
  await child.exited
  return { code: child.exitCode, said }
}

/** A start that ends with code 1 and one line, which names the option. */
async function refused(options: Readonly<Record<string, string>>): Promise<string> {
  const { code, said } = await start(options)
  expect([code, said]).toEqual([1, expect.stringMatching(/^[^\n]+\n$/)])
  expect(said).not.toContain('not-to-be-seen')
  return said.trim()
}

if (!lacksKafka(what) && !lacks('postgres', what)) {
  beforeAll(async () => {
    ;[kafka, guarded, postgres] = await Promise.all([Kafka.start(), Kafka.start({ sasl, tls: true }), Postgres.start()])
  })
  afterAll(async () => {
    await Promise.all([kafka[Symbol.asyncDispose](), guarded[Symbol.asyncDispose](), postgres[Symbol.asyncDispose]()])
  })

  test('[FL12] a node starts on a Kafka and a Postgres that are reached by TLS, as a user of each', async () => {
    await using secret = await Postgres.start({ tls: true })
    const port = freePort()
    const login = { username: sasl.username, password: sasl.password, mechanism: sasl.mechanism }
    const tls = { ca: guarded.keys?.ca ?? '' }
    const store = `${await secret.database()}?sslmode=require`
    const node = new FanfareProcess(
      fleetInput(port, { broker: guarded.url, store, kafka: { ...login, tls, topics: { prefix: 'secret', partitions: 2 } } }),
    )
    node.port = port
    try {
      await node.start()
      expect(Reflect.has(Object((await api(node, 'publish', { channel: 'kept:1', data: 1 })).body), 'result')).toBe(true)
      expect((await fetch(`${node.url}/readyz`)).status).toBe(200)
      expect((await refused({ store: `${await secret.database()}?sslmode=verify-full` })).split(':')[0]).toBe('store')
    } finally {
      await node[Symbol.asyncDispose]()
    }
  })

  describe('a node of a fleet does not start, and says the option and the reason in a line', () => {
    test('[FL16] where Kafka does not answer, or does not let it in', async () => {
      const store = await postgres.database()
      const ca = guarded.keys?.ca ?? ''
      const known = { store, broker: guarded.url, 'kafka.tls.ca': ca, 'kafka.username': sasl.username, 'kafka.mechanism': sasl.mechanism }
      expect(await refused({ store, broker: `kafka://127.0.0.1:${freePort()}` })).toStartWith('broker: ')
      expect(await refused({ ...known, 'kafka.password': 'wrong-not-to-be-seen' })).toStartWith('kafka.password: ')
      expect(await refused({ ...known, 'kafka.password': sasl.password, 'kafka.mechanism': 'PLAIN' })).toStartWith('kafka.mechanism: ')
      expect(await refused({ ...known, 'kafka.password': sasl.password, 'kafka.tls.ca': '/nowhere/ca.pem' })).toStartWith(
        'kafka.tls.ca: /nowhere/ca.pem cannot be read: ',
      )
      expect(await refused({ ...known, 'kafka.password': sasl.password, 'kafka.tls.ca': main })).toBe(
        `kafka.tls.ca: ${main} is no PEM file`,
      )
      const { 'kafka.tls.ca': _, ...untrusting } = known
      expect(await refused({ ...untrusting, 'kafka.password': sasl.password })).toStartWith('kafka.tls.ca: ')
      expect(await refused({ store, broker: kafka.url.replace('kafka:', 'kafkas:') })).toStartWith('broker: ')
      expect(await refused({ store, broker: guarded.url.replace('kafkas:', 'kafka:') })).toStartWith('broker: ')
    })

    test('[FL16] where a topic is another one than it needs', async () => {
      const store = await postgres.database()
      const admin = new TopicAdmin(kafka)
      await admin.create('wide.channels', 4)
      await admin.create('small.channels', 2, { 'max.message.bytes': '1000' })
      admin.close()
      const many = await refused({ store, 'kafka.topics.prefix': 'wide' })
      expect(many).toStartWith('kafka.topics.partitions: ')
      expect(many).toMatch(/\b4\b.*\b2\b|\b2\b.*\b4\b/)
      expect(await refused({ store, 'kafka.topics.prefix': 'small' })).toContain('wide.channels'.replace('wide', 'small'))
    })

    test('[FL16] where Postgres cannot be reached or written, or is of a later version', async () => {
      expect(await refused({ store: 'postgres://fan:not-to-be-seen@127.0.0.1:1/rows' })).toStartWith('store: 127.0.0.1:1/rows: ')
      const frozen = await postgres.database()
      const later = await postgres.database()
      const name = (url: string) => new URL(url).pathname.slice(1)
      await using sql = new SQL(frozen, { max: 1 })
      await sql.unsafe(`alter database ${name(frozen)} set default_transaction_read_only = on`)
      expect(await refused({ store: frozen })).toMatch(/^store: .*read-only/)
      await using rows = new SQL(later, { max: 1 })
      await rows.unsafe('create table migration (owner text primary key, steps integer not null)')
      await rows.unsafe(`insert into migration values ('placement', 99)`)
      expect(await refused({ store: later })).toMatch(/^store: .*later version/)
    })

    test('[FL16] where its address leads nowhere', async () => {
      const store = await postgres.database()
      expect(await refused({ store, 'node.address': `ws://127.0.0.1:${freePort()}` })).toMatch(
        /^node\.address: .*cannot be reached from here/,
      )
    })
  })
}
