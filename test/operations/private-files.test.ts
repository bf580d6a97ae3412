import { expect, test } from 'bun:test'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { FanfareProcess } from '../kit/index.ts'

test('[C56] what a server keeps can be read by its own user alone', async () => {
  await using server = await FanfareProcess.start({
    channel: { namespaces: [{ name: 'kept', history_size: 10, history_ttl: '10m', history_store: 'disk' }] },
  })
  const data = join(server.folder.path, 'data')
  const open = [data, ...readdirSync(data).map(name => join(data, name))].filter(path => (statSync(path).mode & 0o077) !== 0)
  expect(open).toEqual([])
  expect(readdirSync(data).length).toBeGreaterThan(1)
})
