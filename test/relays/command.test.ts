import { afterEach, describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Folder, RawClient, tokenSecret, until } from '../kit/index.ts'
import { nodeSecret } from '../kit/servers/tree.ts'

const main = join(import.meta.dir, '../../src/cli/main.ts')
const running = new Set<Command>()
afterEach(async () => {
  for (const command of running) await command.kill()
  running.clear()
})

/** A command line in a process of its own, with what it wrote. */
class Command {
  output = ''
  readonly #child: Bun.Subprocess<'ignore', 'pipe', 'pipe'>

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#child = Bun.spawn([process.execPath, main, ...args], {
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
      env: { PATH: process.env.PATH ?? '', ...env },
    })
    running.add(this)
    void this.#read(this.#child.stdout)
    void this.#read(this.#child.stderr)
  }

  async says(text: string): Promise<void> {
    await until(`it says "${text}"`, () => this.output.includes(text)).catch((error: Error) => {
      throw new Error(`${error.message}:\n${this.output}`)
    })
  }

  /** Where it listens. */
  async url(): Promise<string> {
    await this.says('listening')
    const line = this.output.split('\n').find(text => text.includes('listening')) ?? ''
    return /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0] ?? ''
  }

  signal(signal: 'SIGTERM'): void {
    this.#child.kill(signal)
  }

  get exited(): Promise<number> {
    return this.#child.exited
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#child.exited
  }

  async #read(output: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder()
    for await (const chunk of output) this.output += decoder.decode(chunk, { stream: true })
  }
}

const start = (data: string, port: string, ...more: string[]) =>
  new Command(['start', '--demo', 'off', '--data', data, '--port', port, ...more])
const relay = (upstream: string, ...more: string[]) => new Command(['relay', '--port', '0', '--upstream', upstream, ...more])

describe('fanfare relay', () => {
  test('[T45] on one machine it takes the secrets of a parent in development mode from its data folder', async () => {
    using folder = new Folder()
    const central = start(folder.path, '0')
    const url = await central.url()
    const edge = relay(url.replace('http', 'ws'), '--data', folder.path, '--region', 'eu')
    const edgeUrl = await edge.url()
    const guest = await fetch(`${edgeUrl}/auth/guest`, { method: 'POST', body: '{"name":"Ada"}' })
    const { token } = (await guest.json()) as { token: string }
    using raw = await RawClient.connect(`${edgeUrl.replace('http', 'ws')}/connection/websocket`, { token })
    // Whether the channel is there and who may publish in it is for a service of the parent to say.
    expect((await raw.call({ publish: { channel: 'sports:league_demo', data: 1 } })).error?.code).toBe(103)
    const page = await fetch(`${edgeUrl}/`)
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html;charset=utf-8'])
    const script = /src="([^"]+\.js)"/.exec(await page.text())?.[1] ?? ''
    expect((await fetch(new URL(script, `${edgeUrl}/`))).status).toBe(200)
    edge.signal('SIGTERM')
    expect(await edge.exited).toBe(0)
    expect(edge.output).not.toContain(JSON.parse(readFileSync(join(folder.path, 'secrets.json'), 'utf8')).node_secret)
  })

  test('[T45] which secrets are missing, and where they would come from, is said before anything is tried', async () => {
    using folder = new Folder()
    const nothing = relay('ws://127.0.0.1:1', '--data', folder.path)
    expect(await nothing.exited).toBe(2)
    await nothing.says('client.token.hmac_secret_key: missing: a relay checks tokens itself, with the secret of its parent')
    await nothing.says('node.secret: missing: nodes show each other the same secret (--node-secret or FANFARE_NODE_SECRET)')
    await nothing.says('--data then names')
    const half = relay('ws://127.0.0.1:1', '--data', folder.path, '--client.token.hmac_secret_key', tokenSecret)
    expect(await half.exited).toBe(2)
    expect(half.output).not.toContain('client.token')
  })

  test('[T46] it may be started before its parent: it says that it waits, and can be ended', async () => {
    using folder = new Folder()
    const central = start(folder.path, '0')
    const url = await central.url()
    await central.kill()
    const edge = relay(url.replace('http', 'ws'), '--data', folder.path)
    await edge.says('looking for a node upstream')
    await edge.says('the node upstream cannot be reached; trying again')
    expect(edge.output).not.toContain('listening')
    await start(folder.path, new URL(url).port).url()
    await edge.says('linked to the node upstream')
    await edge.url()
    const waiting = relay('ws://127.0.0.1:1', '--data', folder.path)
    await waiting.says('cannot be reached')
    waiting.signal('SIGTERM')
    expect(await waiting.exited).toBe(0)
  })

  test('[T7] a wrong secret is said at both ends, and no secret upstream as well', async () => {
    using folder = new Folder()
    const secrets = ['--client.token.hmac_secret_key', tokenSecret]
    const central = start(folder.path, '0', ...secrets, '--node.secret', nodeSecret)
    const edge = relay((await central.url()).replace('http', 'ws'), ...secrets, '--node-secret', 'a guess as long as a secret has to be')
    await edge.says('the node secret is not the one of the node upstream')
    await central.says('a node was turned away: it did not show the node secret of this server')
    await central.kill()
    const without = start(folder.path, '0', ...secrets)
    const url = await without.url()
    const other = relay(url.replace('http', 'ws'), ...secrets, '--node-secret', nodeSecret)
    await other.says('the node upstream has no node secret, so that nothing can link to it')
    await without.says('this server has no node secret; give node.secret (FANFARE_NODE_SECRET) here and there')
    expect((await fetch(`${url}/connection/node`)).status).toBe(401)
  })
})
