import { afterEach, describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  ExampleServer,
  FetchedStream,
  Folder,
  lacks,
  listening,
  type Place,
  Program,
  places,
  Sdk,
  sampleText,
  sign,
  until,
} from '../kit/index.ts'

const root = join(import.meta.dir, '../..')
const endings: (() => unknown)[] = []

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

async function start(place: Place, flags: readonly string[] = []): Promise<ExampleServer> {
  const started = await ExampleServer.start(place, flags)
  endings.push(() => started[Symbol.asyncDispose]())
  return started
}

/** Runs a sample in a shell, beside its files, against another server than that on port 7400. */
function shell(path: string, url: string, key = ''): Program {
  const program = new Program(['sh', '-ec', sampleText(path, url)], { KEY: key }, join(root, 'examples', path, '..'))
  endings.push(() => program.stop())
  return program
}

/** What a sample that ends has written. */
async function output(program: Program): Promise<string> {
  expect(await program.exited).toBe(0)
  return program.output
}

const namespaces = JSON.stringify([
  { name: 'orders', history_size: 100, history_ttl: '10m' },
  { name: 'news', history_size: 100, history_ttl: '10m', allow_subscribe_for_client: true, allow_subscribe_for_anonymous: true },
])

describe.skipIf(lacks('curl', 'samples for the shell')).each(places)('samples for the shell at %s', place => {
  test('[A92] examples/listen.sh shows the match and what becomes of it', async () => {
    const { url } = await start(place)
    await shell('listen.sh', url).says(/("board":\{"version")/)
  })

  test('[A92] examples/api/publish.sh and examples/api/news.sh publish', async () => {
    const { url, key } = await start(place, ['--channel.namespaces', namespaces])
    using stream = new FetchedStream(`${url}/sse?channel=news:AAPL`)
    await stream.opened()
    expect(JSON.parse(await output(shell('api/publish.sh', url, key)))).toMatchObject({ result: { offset: 1 } })
    const answer = JSON.parse(await output(shell('api/news.sh', url, key)))
    const printed = JSON.parse(sampleText('api/news.sh', url).split('# ')[1] ?? '')
    expect(Object.keys(answer.result).sort()).toEqual(Object.keys(printed.result).sort())
    expect(answer.result.offset).toBe(printed.result.offset)
    await until('the news came', () => stream.pushes.some(({ pub }) => JSON.stringify(pub?.data) === '{"text":"hello"}'))
  })

  test('[A93] examples/sports/tell.sh tells of a match that examples/sports/game.json and examples/sports/events.json describe', async () => {
    const { url, key } = await start(place)
    const told = await output(shell('sports/tell.sh', url, key))
    expect(told).toContain('"accepted":2')
    using newcomer = new FetchedStream(`${url}/sse?channel=sports:game_north-12`)
    const { subs } = await newcomer.opened()
    const { data } = subs['sports:game_north-12'] ?? {}
    expect(data).toMatchObject({
      game: { home: { name: 'Reds', coach: 'Hale' }, away: { name: 'Blues' }, competition: 'Northern League' },
      board: { score: { home: 1, away: 0 }, review: { ref: 'g1', reason: 'offside' } },
    })
  })
})

test('[A95] examples/relays/tree.sh makes a tree: what the central node publishes is at its lowest relay', async () => {
  const folder = new Folder()
  endings.push(() => folder[Symbol.dispose]())
  const secret = 'a-secret-of-the-tokens-of-this-tree'
  const channel = { namespaces: [{ name: 'news', allow_subscribe_for_client: true }] }
  const client = { token: { hmac_secret_key: secret } }
  const own = { log: { format: 'json' }, shutdown: { timeout: '1s' } }
  await Bun.write(join(folder.path, 'fanfare.json'), JSON.stringify({ ...own, client, channel, http_api: { key: secret } }))
  await Bun.write(join(folder.path, 'relay.json'), JSON.stringify({ ...own, client }))
  const env = { FANFARE_NODE_SECRET: 'only-nodes-of-this-tree-know-it' }
  /** Where the nodes of the sample are here. Its third parent is away. */
  const addresses = new Map([['eu-2:7410', '127.0.0.1:9']])
  const names = ['central:7400', 'eu-1:7410', 'edge:7420']
  const urls: string[] = []
  const lines = readFileSync(join(root, 'examples/relays/tree.sh'), 'utf8').trim().split('\n')
  for (const [index, line] of lines.entries()) {
    const [secret, program, ...said] = line.split(' ')
    expect([secret, program]).toEqual(['FANFARE_NODE_SECRET=…', 'fanfare'])
    const args = said.map(word =>
      [...addresses].reduce((text, [from, to]) => text.replace(from, to), word).replace(/^7\d{3}$|^0\.0\.0\.0$/, here),
    )
    const config = args.includes('--config') ? [] : ['--config', 'relay.json']
    const node = new Program([join(root, 'bin/fanfare'), ...args, ...config], env, folder.path)
    endings.push(() => node.stop())
    const url = await listening(node)
    addresses.set(names[index] ?? '', new URL(url).host)
    urls.push(url)
  }
  const [central = '', , edge = ''] = urls
  const reader = await new Sdk(`${edge.replace('http', 'ws')}/connection/websocket`, {
    token: await sign({ sub: 'ada' }, secret),
  }).connect()
  endings.push(() => reader[Symbol.dispose]())
  const news = await reader.subscribe('news:today').ready()
  await fetch(`${central}/api/publish`, {
    method: 'POST',
    headers: { 'X-API-Key': secret },
    body: JSON.stringify({ channel: 'news:today', data: 'it rains' }),
  })
  expect(await news.gets(1)).toEqual(['it rains'])
})

/** The address and the port that a node has here in place of those of the sample. */
function here(word: string): string {
  return word === '0.0.0.0' ? '127.0.0.1' : '0'
}
