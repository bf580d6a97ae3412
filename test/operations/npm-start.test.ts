import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { Folder, Program, RawClient, until } from '../kit/index.ts'

const root = join(import.meta.dir, '../..')

test.each(['SIGTERM', 'SIGINT'] as const)(
  '[C50] `npm start` hands %s on to the server, which drains and is gone when npm is',
  async signal => {
    using folder = new Folder()
    const flags = [
      '--port',
      '0',
      '--data',
      folder.path,
      '--demo',
      'off',
      '--log.format',
      'json',
      '--client.insecure',
      '--shutdown.timeout',
      '1s',
    ]
    await using npm = new Program(['npm', 'start', '--', ...flags], {}, root)
    const url = await npm.says(/"url":"(http:[^"]+)"/)
    const client = await RawClient.connect(`${url.replace('http', 'ws')}/connection/websocket`, {})
    process.kill(npm.pid, signal)
    await npm.exited
    // Where npm leaves the server behind, this waits in vain: nobody told it anything.
    await until('the client was sent away', () => client.closedWith !== undefined)
    expect(client.closedWith?.code).toBe(3001)
    await npm.says(/"msg":"(stopped)"/)
    const port = await fetch(`${url}/healthz`).catch(() => 'nobody listens')
    expect(port).toBe('nobody listens')
  },
)
