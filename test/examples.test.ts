import { afterEach, describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Subprocess } from 'bun'
import { Folder, Sdk, until } from './support/index.ts'

const root = join(import.meta.dir, '..')
const endings: (() => unknown)[] = []

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

/** A program that runs until the end of the test. Its output grows in `output`. */
class Program {
  output = ''
  errors = ''
  readonly #child: Subprocess<'ignore', 'pipe', 'pipe'>

  constructor(command: readonly string[], env: Readonly<Record<string, string>>, cwd: string) {
    this.#child = Bun.spawn([...command], { cwd, env: { ...process.env, ...env }, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' })
    void read(this.#child.stdout, text => {
      this.output += text
    })
    void read(this.#child.stderr, text => {
      this.errors += text
    })
    endings.push(() => this.stop())
  }

  /** Waits for a line, and gives what its pattern took out of it. */
  says(pattern: RegExp, withinMs = 10_000): Promise<string> {
    return until(`it says ${pattern} (${this.output}${this.errors})`, () => pattern.exec(this.output)?.[1], withinMs)
  }

  /** @returns the exit code */
  stop(): Promise<number> {
    this.#child.kill('SIGTERM')
    return this.#child.exited
  }
}

async function read(stream: ReadableStream<Uint8Array>, take: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder()
  for await (const chunk of stream) take(decoder.decode(chunk, { stream: true }))
}

function folder(): string {
  const made = new Folder()
  endings.push(() => made[Symbol.dispose]())
  return made.path
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
  test('[A46] runs as it stands: a guest places an order, sees it come, and nobody else does', async () => {
    const program = new Program([process.execPath, join(root, 'examples/orders.ts')], { PORT: '0' }, folder())
    const url = await program.says(/orders are taken at (\S+)/)
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
    const before = performance.now()
    expect(await program.stop()).toBe(0)
    expect(performance.now() - before).toBeLessThan(3000)
    expect(program.errors).toBe('')
  }, 20_000)

  test('[A46] is a service in thirty lines', () => {
    const lines = readFileSync(join(root, 'examples/orders.ts'), 'utf8').trimEnd().split('\n')
    expect(lines.length).toBeLessThanOrEqual(30)
  })
})

describe('examples/hooks', () => {
  test('[K26] a plain HTTP back end decides, answers and hears, over signed hooks, with the configuration as it stands', async () => {
    const data = folder()
    const port = await freePort()
    const backEnd = new Program(
      [Bun.which('node') ?? process.execPath, join(root, 'examples/hooks/backend.mjs')],
      { PORT: '0', FANFARE_URL: `http://127.0.0.1:${port}` },
      data,
    )
    const host = await backEnd.says(/hooks are answered at http:\/\/(\S+)/)
    const config = readFileSync(join(root, 'examples/hooks/fanfare.json'), 'utf8').replaceAll('127.0.0.1:3000', host)
    await Bun.write(join(data, 'fanfare.json'), config)
    const flags = ['--config', join(data, 'fanfare.json'), '--port', String(port), '--data', data, '--demo', 'off', '--log.format', 'json']
    const server = new Program([join(root, 'bin/fanfare'), 'start', ...flags, '--shutdown.timeout', '1s'], {}, data)
    const url = await server.says(/"url":"(http:[^"]+)"/)

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

    alice.client.disconnect()
    await backEnd.says(/nobody watches (orders:alice)/)
    await backEnd.says(/(alice) left: connection closed/)
    expect(await server.stop()).toBe(0)
    await backEnd.says(/(bob) left: shutdown/)
    expect(await backEnd.stop()).toBe(0)
    expect([server.errors, backEnd.errors]).toEqual(['', ''])
  }, 30_000)

  test('[K26] the back end answers nobody who does not hold the secret', async () => {
    const backEnd = new Program([Bun.which('node') ?? process.execPath, join(root, 'examples/hooks/backend.mjs')], { PORT: '0' }, folder())
    const url = await backEnd.says(/hooks are answered at (\S+)/)
    for (const signature of ['', 't=1,v1=00', `t=${Math.floor(Date.now() / 1000)},v1=${'0'.repeat(64)}`]) {
      const headers = { 'X-Fanfare-Signature': signature }
      expect((await fetch(`${url}/connect`, { method: 'POST', headers, body: '{"data":{"name":"eve"}}' })).status).toBe(401)
    }
  }, 20_000)
})

/** A port that nobody had a moment ago: the back end must know the server's before the server is there. */
async function freePort(): Promise<number> {
  const probe = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response() })
  const { port } = probe
  await probe.stop(true)
  return port ?? 0
}
