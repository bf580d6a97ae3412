import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { sessionsOf } from '../../src/server/host/open-files.ts'
import { Folder, Program, until } from '../kit/index.ts'

const root = join(import.meta.dir, '../..')
const files = 400

/** A server that may have so many files open. */
function limited(folder: string): Program {
  const flags = [
    '--port',
    '0',
    '--data',
    folder,
    '--demo',
    'off',
    '--log.format',
    'json',
    '--client.insecure',
    '--client.known_user_reserve',
    '0',
  ]
  const start = [process.execPath, join(root, 'src/cli/main.ts'), 'start', ...flags, '--shutdown.timeout', '1s']
  return new Program(['bash', '-c', `ulimit -n ${files} && exec "$0" "$@"`, ...start], {}, root)
}

/** A client that asks for an event stream, keeps it, and notes the status. */
class Asker {
  status = 0
  closed = false
  #socket: Awaited<ReturnType<typeof Bun.connect>> | undefined

  async ask(port: number, path: string): Promise<void> {
    this.#socket = await Bun.connect({
      hostname: '127.0.0.1',
      port,
      socket: {
        data: (_socket, bytes) => {
          this.status ||= Number(/^HTTP\/1\.1 (\d+)/.exec(bytes.toString())?.[1])
        },
        close: () => {
          this.closed = true
        },
      },
    })
    this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`)
  }

  leave(): void {
    this.#socket?.end()
  }
}

describe('open files', () => {
  test('[C68] with fewer files than clients, those beyond get 503, /readyz answers, and the start says the numbers', async () => {
    using folder = new Folder()
    await using server = limited(folder.path)
    const port = Number(new URL(await server.says(/"url":"(http:[^"]+)"/)).port)
    await server.says(new RegExp(`this process may have (${files}) files open, so it takes ${sessionsOf(files)} sessions`))
    const crowd = Array.from({ length: files + 100 }, () => new Asker())
    for (const asker of crowd) await asker.ask(port, '/sse?channel=a')
    await until('everybody has an answer', () => crowd.every(({ status }) => status !== 0))
    const count = (status: number) => crowd.filter(asker => asker.status === status).length
    expect([count(200), count(503)]).toEqual([sessionsOf(files), crowd.length - sessionsOf(files)])
    await until('those who were turned away hold nothing', () => crowd.every(({ status, closed }) => status === 200 || closed))
    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200)
    for (const asker of crowd) asker.leave()
    await until('there is room again', async () => {
      const next = new Asker()
      await next.ask(port, '/sse?channel=a')
      await until('it has an answer', () => next.status !== 0)
      next.leave()
      return next.status === 200
    })
    expect(server.errors).toBe('')
    expect(server.output).not.toContain('"level":"error"')
  })

  test('[C68] the reserve is a part of what there is', () => {
    expect([256, 1_024, 20_000, 1_048_576].map(sessionsOf)).toEqual([122, 875, 19_472, 1_027_476])
    expect(sessionsOf(100)).toBe(1)
  })
})
