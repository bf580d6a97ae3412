import { afterAll, afterEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const folder = mkdtempSync(join(tmpdir(), 'fanfare-start-'))
const running = new Set<Bun.Subprocess>()
afterEach(async () => {
  for (const process of running) process.kill('SIGKILL')
  await Promise.all([...running].map(({ exited }) => exited))
  running.clear()
})
afterAll(() => rmSync(folder, { recursive: true }))

interface Started {
  readonly process: Bun.Subprocess<'ignore', 'pipe', 'pipe'>
  readonly url: string
  /** Everything written so far, and what is still to come until the text stands in it. */
  outputUntil(text: string): Promise<string>
}

function spawn(...args: string[]) {
  const command = [
    process.execPath,
    join(import.meta.dir, 'main.ts'),
    'start',
    '--port',
    '0',
    '--data',
    join(folder, 'data'),
    '--demo',
    'off',
    ...args,
  ]
  const started = Bun.spawn(command, { stdin: 'ignore', stdout: 'pipe', stderr: 'pipe', env: { PATH: process.env.PATH ?? '' } })
  running.add(started)
  return started
}

/** Starts a server as its own process, and waits until it listens. */
async function start(...args: string[]): Promise<Started> {
  const started = spawn(...args)
  const reader = started.stdout.pipeThrough(new TextDecoderStream()).getReader()
  let output = ''
  const outputUntil = async (text: string) => {
    while (!output.includes(text)) {
      const { done, value } = await reader.read()
      if (done) throw new Error(`it ended without "${text}":\n${output}\n${await new Response(started.stderr).text()}`)
      output += value
    }
    return output
  }
  const url = /https?:\/\/127\.0\.0\.1:\d+/.exec(await outputUntil('listening'))?.[0]
  if (url === undefined) throw new Error(`no address in:\n${output}`)
  return { process: started, url, outputUntil }
}

/** A client that is connected, and the close that it will get. */
async function connect(url: string): Promise<{ readonly closed: Promise<CloseEvent> }> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/connection/websocket`)
  const closed = new Promise<CloseEvent>(resolve => socket.addEventListener('close', resolve))
  const connected = new Promise(resolve => socket.addEventListener('message', resolve, { once: true }))
  socket.addEventListener('open', () => socket.send('{"id":1,"connect":{}}'))
  await connected
  return { closed }
}

describe('fanfare start', () => {
  test('[C32] it says where it is, how to get in, and that it runs in development mode', async () => {
    const { url, outputUntil } = await start()
    const output = await outputUntil('listening')
    for (const line of [
      `Home        ${url}`,
      `Chat        ${url}/chat`,
      `Sports      ${url}/sports`,
      `${url}/ops`,
      `ws${url.slice(4)}/connection/websocket`,
      'fanfare token --user alice',
      'secrets.json',
    ]) {
      expect(output).toContain(line)
    }
    expect(output).toContain('Development mode')
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    const { http_api_key } = JSON.parse(readFileSync(join(folder, 'data', 'secrets.json'), 'utf8'))
    expect(output).not.toContain(http_api_key)
  })

  test('[C72] development mode says that a proxy which adds no header of its own lets everybody in', async () => {
    const { outputUntil } = await start()
    const output = await outputUntil('listening')
    expect(output).toContain('bare proxy_pass')
    expect(output).toContain('lets everybody in')
  })

  test('[C32] with a secret, and nobody at the terminal, every line is JSON', async () => {
    const { outputUntil } = await start('--client.token.hmac_secret_key', 'k'.repeat(31))
    const lines = (await outputUntil('listening'))
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
      ['warn', 'client.token.hmac_secret_key: shorter than 32 bytes, so it can be guessed'],
      ['info', 'listening'],
    ])
  })

  test.each(['SIGTERM', 'SIGINT'] as const)('[C33] %s sends the clients away to come back, and ends with code 0', async signal => {
    const { process, url } = await start('--client.insecure', '--shutdown.timeout', '200ms')
    const { closed } = await connect(url)
    process.kill(signal)
    expect((await closed).code).toBe(3001)
    expect(await process.exited).toBe(0)
  })

  test('[C33] a second signal ends it at once', async () => {
    const { process, url, outputUntil } = await start('--client.insecure', '--shutdown.timeout', '1h')
    const { closed } = await connect(url)
    process.kill('SIGTERM')
    await outputUntil('draining')
    await closed
    process.kill('SIGTERM')
    expect(await process.exited).toBe(143)
  })

  test('[C34] a port that is taken is said in a line', async () => {
    const { url } = await start()
    const { port } = new URL(url)
    const second = Bun.spawn(
      [process.execPath, join(import.meta.dir, 'main.ts'), 'start', '--port', port, '--data', join(folder, 'other')],
      {
        stdout: 'pipe',
        stderr: 'pipe',
        env: { PATH: process.env.PATH ?? '' },
      },
    )
    running.add(second)
    expect(await second.exited).toBe(1)
    expect(await new Response(second.stderr).text()).toBe(
      `port: ${port} is taken on 127.0.0.1; choose another with --port, or 0 for a free one\n`,
    )
  })

  test.each(['203.0.113.9', 'nowhere.invalid'])('[C34] that %s is not this machine is said in a line', async host => {
    const refused = spawn('--host', host, '--client.token.hmac_secret_key', 'k'.repeat(32))
    expect(await refused.exited).toBe(1)
    expect(await new Response(refused.stderr).text()).toBe(
      `host: "${host}" is no address of this machine; give one that is, or 0.0.0.0 for all of them\n`,
    )
  })

  test('[C34] secrets that cannot be kept are said in a line', async () => {
    const refused = spawn('--data', '/dev/null/data')
    expect(await refused.exited).toBe(2)
  })

  const stores = [
    ['sqlite:/dev/null/rows.sqlite', 'store: /dev/null/rows.sqlite cannot be opened: '],
    ['postgres://rows:not-to-be-seen@127.0.0.1:1/rows', 'store: 127.0.0.1:1/rows: postgres cannot be reached: '],
  ] as const
  test.each(stores)('[C34, G62] the store %s, which cannot be opened, is said in a line, without its password', async (store, line) => {
    const refused = spawn('--store', store)
    expect(await refused.exited).toBe(1)
    const said = await new Response(refused.stderr).text()
    expect(said).toMatch(/^[^\n]+\n$/)
    expect(said).toStartWith(line)
    expect(said + (await new Response(refused.stdout).text())).not.toContain('not-to-be-seen')
  })
})
