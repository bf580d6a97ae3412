import { describe, expect, test } from 'bun:test'
import { z } from 'zod'
import { systemClock } from '../../src/kit/index.ts'
import { Catalogue } from '../../src/server/http/catalogue.ts'
import { apiKey, testServer } from '../kit/api.ts'
import { sign } from '../kit/index.ts'

const metricsKey = 'a-key-for-scrapers-alone'

const read = async (url: string, headers: Record<string, string> = {}) => {
  const response = await fetch(`${url}/metrics`, { headers })
  return { status: response.status, text: await response.text() }
}

describe('what costs something', () => {
  test('[F112] in production the metrics want a key: their own, or that of the server API', async () => {
    const server = await testServer({ metrics: { key: metricsKey } })
    const good: Record<string, string>[] = [
      { Authorization: `Bearer ${metricsKey}` },
      { 'X-API-Key': metricsKey },
      { 'X-API-Key': apiKey },
      { Authorization: `apikey ${apiKey}` },
    ]
    const bad: Record<string, string>[] = [
      {},
      { 'X-API-Key': '' },
      { Authorization: 'Bearer ' },
      { Authorization: `Bearer ${metricsKey}x` },
      { Authorization: `Bearer ${apiKey}` },
      { Authorization: `Bearer ${await sign({ sub: 'alice' })}` },
    ]
    for (const headers of good) expect([headers, (await read(server.url, headers)).status]).toEqual([headers, 200])
    for (const headers of bad) {
      const { status, text } = await read(server.url, headers)
      expect([headers, status]).toEqual([headers, 401])
      expect(text).toContain('metrics.key')
      expect(text).not.toContain('fanfare_')
    }
    const shut = await testServer({ http_api: { key: undefined } })
    for (const headers of [...good, ...bad]) expect((await read(shut.url, headers)).status).toBe(401)
    expect((await fetch(`${server.url}/api/info`, { method: 'POST', body: '{}', headers: { 'X-API-Key': metricsKey } })).status).toBe(401)
  })

  test('[F112] in development mode they are open to this machine', async () => {
    const server = await testServer({ client: { token: {} } })
    expect(await read(server.url)).toMatchObject({ status: 200, text: expect.stringContaining('fanfare_sessions') })
  })

  test('[F113] metrics are gathered once a second at most, however many ask', async () => {
    let now = 1_000_000
    const server = await testServer({ client: { token: {} } }, { clock: { ...systemClock, now: () => now } })
    let gathered = 0
    server.server.metric({ name: 'gathered', help: 'Counts itself.', read: () => ++gathered })
    await Promise.all(Array.from({ length: 20 }, () => read(server.url)))
    now += 999
    await read(server.url)
    expect(gathered).toBe(1)
    now += 1
    expect((await read(server.url)).text).toContain('fanfare_gathered 2')
  })

  test('[F114] the schemas of commands are made once for all who ask, and again when there are others', async () => {
    const server = await testServer({ client: { token: {} } })
    const { methods } = server.node
    const catalogue = new Catalogue(methods)
    const listed = () => JSON.parse(catalogue.json()).methods.map(({ method }: { method: string }) => method)
    for (let count = 0; count < 100; count++) catalogue.json()
    const before = catalogue.made
    expect(before).toBeLessThanOrEqual(1)
    server.server.command('a.new', z.object({ n: z.number() }), () => ({}), { anonymous: true })
    expect(listed()).toContain('a.new')
    server.server.command('a.new', z.object({ text: z.string() }), () => ({}), { anonymous: true })
    expect(catalogue.json()).toContain('"text"')
    catalogue.json()
    expect(catalogue.made).toBe(before + 2)
    expect(await (await fetch(`${server.url}/rpc`)).text()).toBe(catalogue.json())
  })

  test('[F115] the heap that is shown is not larger than the process', async () => {
    const server = await testServer({ client: { token: {} } })
    const { text } = await read(server.url)
    const figure = (name: string) => Number(new RegExp(`^fanfare_${name} (\\S+)`, 'm').exec(text)?.[1])
    expect(figure('heap_bytes')).toBeGreaterThan(1_000_000)
    expect(figure('heap_bytes')).toBeLessThan(figure('process_resident_memory_bytes'))
    for (const name of text.matchAll(/^fanfare_(\w*(?:heap|memory)\w*?)(?:{| )/gm)) expect(figure(name[1] ?? '')).toBeLessThan(2 ** 33)
    expect(text).not.toContain('process_heap_bytes')
  })
})
