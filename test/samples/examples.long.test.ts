import { afterEach, describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  Browser,
  ExampleServer,
  Folder,
  freePort,
  inSeconds,
  install,
  lacks,
  listening,
  Program,
  places,
  relayBelow,
  Sample,
  Sdk,
  sampleText,
  until,
} from '../kit/index.ts'

const root = join(import.meta.dir, '../..')
const endings: (() => unknown)[] = []

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

/** A program that runs until the end of the test. */
function run(...given: ConstructorParameters<typeof Program>): Program {
  const program = new Program(...given)
  endings.push(() => program.stop())
  return program
}

function folder(): string {
  const made = new Folder()
  endings.push(() => made[Symbol.dispose]())
  return made.path
}

/** A relay of the node that keeps its secrets in `folder/data`. */
function below(central: string, folder: string, ...flags: string[]): Promise<string> {
  const relay = relayBelow(central, folder, flags)
  endings.push(() => relay.stop())
  return listening(relay)
}

function sdk(url: string, options: ConstructorParameters<typeof Sdk>[1]): Sdk {
  const made = new Sdk(`${url.replace('http', 'ws')}/connection/websocket`, options)
  endings.push(() => made[Symbol.dispose]())
  return made
}

async function guest(url: string, name: string): Promise<{ token: string; user: string }> {
  const response = await fetch(`${url}/auth/guest`, { method: 'POST', body: JSON.stringify({ name }) })
  return (await response.json()) as { token: string; user: string }
}

describe('examples/orders.ts', () => {
  test.each(['the central node', 'a relay below it'])(
    '[A46, A91] runs as it stands: a guest at %s places an order, sees it come, and nobody else does',
    async place => {
      const data = folder()
      const program = run([process.execPath, join(root, 'examples/orders.ts')], { PORT: '0' }, data)
      const central = await program.says(/orders are taken at (\S+)/)
      const url = place === 'the central node' ? central : await below(central, data)
      const alice = await guest(url, 'Alice')
      const bob = await guest(url, 'Bob')
      const hers = await sdk(url, { token: alice.token }).connect()
      const his = await sdk(url, { token: bob.token }).connect()
      const orders = await hers.subscribe(`orders:${alice.user}`).ready()
      const spying = his.subscribe(`orders:${alice.user}`)
      await spying.reaches('unsubscribed 103')
      const order = { id: 1, user: alice.user, item: 'tea', count: 2 }
      expect((await hers.client.rpc('orders.place', { item: 'tea', count: 2 })).data).toEqual(order)
      expect(await orders.gets(1)).toEqual([order])
      expect(spying.data).toEqual([])
      await program.says(new RegExp(`(${alice.user}) is here`))
      expect(await program.stop()).toBe(0)
      expect(program.errors).toBe('')
    },
  )

  test('[A74] as it is printed, strangers neither place orders nor see any', async () => {
    const program = run([process.execPath, join(root, 'examples/orders.ts')], { PORT: '0' }, folder())
    const url = await program.says(/orders are taken at (\S+)/)
    const placed = await fetch(`${url}/rpc/orders.place`, { method: 'POST', body: '{"item":"tea"}' })
    expect([placed.status, await placed.json()]).toMatchObject([401, { error: { code: 101 } }])
    expect(await firstEvent(`${url}/sse?channel=orders:`)).toContain('"error":{"code":103')
  })

  test('[A46] is a service in thirty lines', () => {
    const lines = readFileSync(join(root, 'examples/orders.ts'), 'utf8').trimEnd().split('\n')
    expect(lines.length).toBeLessThanOrEqual(30)
  })
})

describe('examples/hooks', () => {
  test.each(['the central node', 'a relay below it'])(
    '[K26, A91] a plain HTTP back end decides, answers and hears of clients at %s, over signed hooks, with the configuration as it stands',
    async place => {
      const data = folder()
      const port = freePort()
      const [[, answering = ''] = [], [fanfare = '', ...args] = []] = linesOf('hooks/start.sh')
      const backEnd = run(
        [Bun.which('node') ?? process.execPath, join(root, answering)],
        { PORT: '0', FANFARE_URL: `http://127.0.0.1:${port}` },
        data,
      )
      const host = await backEnd.says(/hooks are answered at http:\/\/(\S+)/)
      const text = readFileSync(join(root, 'examples/hooks/fanfare.json'), 'utf8').replaceAll('127.0.0.1:3000', host)
      await Bun.write(join(data, 'fanfare.json'), text)
      const config = ['--config', join(data, 'fanfare.json')]
      expect(args).toEqual(['start', '--config', 'examples/hooks/fanfare.json'])
      const flags = [...config, '--port', String(port), '--data', join(data, 'data'), '--demo', 'off', '--log.format', 'json']
      const env = { FANFARE_NODE_SECRET: 'only-nodes-of-this-example-know-it' }
      const server = run([join(root, fanfare), 'start', ...flags, '--shutdown.timeout', '1s'], env, data)
      const central = await listening(server)
      const relay = place === 'the central node' ? undefined : relayBelow(central, data, config, env)
      if (relay !== undefined) endings.push(() => relay.stop())
      const url = relay === undefined ? central : await listening(relay)

      const alice = await sdk(url, { data: { name: 'alice' } }).connect()
      const orders = await alice.subscribe('orders:alice').ready()
      await backEnd.says(/someone watches (orders:alice)/)
      const order = { id: 1, user: 'alice', item: 'tea' }
      expect((await alice.client.rpc('orders.place', { item: 'tea' })).data).toEqual(order)
      expect(await orders.gets(1)).toEqual([order])
      await expect(alice.client.rpc('orders.lose', {})).rejects.toMatchObject({ code: 404, message: 'method_unknown: orders.lose' })

      const bob = await sdk(url, { data: { name: 'bob' } }).connect()
      await bob.subscribe('orders:alice').reaches('unsubscribed 403')
      const nobody = sdk(url, {})
      nobody.client.connect()
      await nobody.reaches('disconnected 4501')

      const strangers = await fetch(`${url}/rpc/orders.place`, { method: 'POST', body: '{"item":"tea"}' })
      expect([strangers.status, await strangers.json()]).toEqual([401, { error: { code: 101, message: 'unauthorized' } }])
      expect(await firstEvent(`${url}/sse?channel=orders:`)).toContain('"code":4501')

      const script = new Sample('hooks/client.js', url)
      endings.push(() => script[Symbol.asyncDispose]())
      await script.program.says(/ordered (\S)/)
      expect(await script.program.stop()).toBeGreaterThan(0)
      alice.client.disconnect()
      await backEnd.says(/nobody watches (orders:alice)/)
      await backEnd.says(/(alice) left: connection closed/)
      // Whoever is at a relay stays there while its parent is away.
      if (relay !== undefined) {
        expect(await relay.stop()).toBe(0)
        await backEnd.says(/(bob) left: shutdown/)
      }
      expect(await server.stop()).toBe(0)
      await backEnd.says(/(bob) left: shutdown/)
      expect(await backEnd.stop()).toBe(0)
      expect([server.errors, backEnd.errors]).toEqual(['', ''])
    },
  )

  const backEnds = [
    [Bun.which('node') ?? process.execPath, 'examples/hooks/backend.mjs'],
    [process.execPath, 'examples/hooks/signed.ts'],
  ] as const
  test.each(backEnds)('[K26] with %s the back end %s answers nobody who does not hold the secret', async (runtime, file) => {
    const backEnd = run([runtime, join(root, file)], { PORT: '0' }, folder())
    const url = await backEnd.says(/hooks are answered at (\S+)/)
    for (const signature of ['', 't=1,v1=00', `t=${inSeconds(0)},v1=${'0'.repeat(64)}`]) {
      const headers = { 'X-Fanfare-Signature': signature }
      expect((await fetch(`${url}/connect`, { method: 'POST', headers, body: '{"data":{"name":"eve"}}' })).status).toBe(401)
    }
  })
})

describe.each(places)('samples of README and documents at %s', place => {
  const demo = async (allowed: string[] = []) => {
    const started = await ExampleServer.start(place, allowed.length === 0 ? [] : ['--client.allowed_origins', allowed.join(',')])
    endings.push(() => started[Symbol.asyncDispose]())
    return started.url
  }

  test('[A73, A91] examples/score.js shows the match that the demo replays', async () => {
    await using sample = new Sample('score.js', await demo())
    await sample.program.says(/now (\{)/)
  })

  test.skipIf(lacks('chromium', 'a page that listens with EventSource'))('[A73, A91] examples/score.html shows the score', async () => {
    const page = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: () => new Response(html, { headers: { 'Content-Type': 'text/html' } }),
    })
    endings.push(() => page.stop(true))
    const html = sampleText('score.html', await demo([page.url.origin]))
    await using browser = await Browser.launch()
    const opened = await browser.open(page.url.href)
    await until('the score is there', async () => /^\d+ : \d+$/.test((await opened.textContent('#score')) ?? ''))
    expect(browser.errors).toEqual([])
  })

  test.skipIf(lacks('chromium', 'chat in a page'))('[A73, A91] examples/chat.ts sends a message', async () => {
    const answers: Record<string, () => Response> = {}
    const nothing = () => new Response(null, { status: 404 })
    const page = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: ({ url }) => (answers[new URL(url).pathname] ?? nothing)() })
    endings.push(() => page.stop(true))
    const url = await demo([page.url.origin])
    const grace = await guest(url, 'Grace')
    const ada = await guest(url, 'Ada')
    const inbox = await sdk(url, { token: grace.token, data: { device: 'phone' } }).connect()
    const heard: unknown[] = []
    inbox.client.on('publication', ({ data }) => heard.push(data))
    const script = await bundled(sampleText('chat.ts', url).replaceAll("'grace'", `'${grace.user}'`).replaceAll("'ada'", `'${ada.user}'`))
    const html = '<!doctype html><script type="module" src="/chat.js"></script>'
    answers['/'] = () => new Response(html, { headers: { 'Content-Type': 'text/html' } })
    answers['/chat.js'] = () => new Response(script, { headers: { 'Content-Type': 'text/javascript; charset=utf-8' } })
    answers['/my/token'] = () => Response.json({ token: ada.token })
    await using browser = await Browser.launch()
    await browser.open(page.url.href)
    await until('the message came', () => JSON.stringify(heard).includes('"Hello"'))
  })
})

/** The words of each line of a sample. */
function linesOf(path: string): string[][] {
  const lines = readFileSync(join(root, 'examples', path), 'utf8')
    .trim()
    .split('\n')
  return lines.map(line => line.split(' '))
}

/** A program for browsers, of somebody who has installed this package. */
async function bundled(text: string): Promise<string> {
  const place = folder()
  install(place)
  await Bun.write(join(place, 'chat.ts'), text)
  const built = await Bun.build({ entrypoints: [join(place, 'chat.ts')], target: 'browser', conditions: ['fanfare-source'] })
  return (await built.outputs[0]?.text()) ?? ''
}

/** What a stream without a token is told first. */
async function firstEvent(url: string): Promise<string> {
  const stream = await fetch(url)
  const text = new TextDecoder().decode((await stream.body?.getReader().read())?.value)
  await stream.body?.cancel().catch(() => undefined)
  return text
}
