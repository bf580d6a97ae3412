import { describe, expect, test } from 'bun:test'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deliveries, namespaceRules } from '../../src/hub/index.ts'
import { defineNamespace, NamespaceError } from '../../src/index.ts'
import { codeName, configName, optionsSchema } from '../../src/server/config/namespace-options.ts'
import { createTestServer } from '../../src/testing.ts'
import { Folder, install, Program, RawClient, sampleText, until } from '../kit/index.ts'

const rooms = { name: 'rooms', presence: true, history_size: 10, history_ttl: '10m', allow_subscribe_for_client: true } as const

function serve() {
  return createTestServer({ channel: { namespaces: [rooms, { name: 'plain' }] } })
}

describe('code in the server’s process can do what the server API can', () => {
  test('[A110] presence names who is in a channel and counts them, as the API does', async () => {
    await using own = await serve()
    using ada = await RawClient.connect(own.websocketUrl, { token: await own.tokenFor('ada', { info: { name: 'Ada' } }) })
    expect((await ada.call({ subscribe: { channel: 'rooms:1' } })).error).toBeUndefined()
    const entries = Object.values(await own.server.presence('rooms:1'))
    expect(entries).toMatchObject([{ user: 'ada', conn_info: { name: 'Ada' } }])
    expect(await own.server.presenceStats('rooms:1')).toEqual({ clients: 1, users: 1 })
    const headers = { 'X-API-Key': own.apiKey }
    const answer = await fetch(`${own.url}/api/presence`, { method: 'POST', headers, body: '{"channel":"rooms:1"}' })
    expect(Object.values((await answer.json()).result.presence)).toEqual(entries)
    await expect(own.server.presence('plain:1')).rejects.toMatchObject({ code: 108 })
    await expect(own.server.presenceStats('nowhere:1')).rejects.toMatchObject({ code: 102 })
  })

  test('[A110] subscribes and unsubscribes a user, and closes all connections of one', async () => {
    await using own = await serve()
    const token = await own.tokenFor('ada')
    using phone = await RawClient.connect(own.websocketUrl, { token })
    using laptop = await RawClient.connect(own.websocketUrl, { token })
    await own.server.subscribe('ada', 'plain:1', { data: { welcome: true } })
    for (const client of [phone, laptop])
      await until('it is told', () => client.pushes('plain:1').some(({ subscribe }) => subscribe !== undefined))
    await own.server.publish('plain:1', 'news')
    for (const client of [phone, laptop]) await until('it hears of it', () => client.data('plain:1').length === 1)
    await own.server.unsubscribe('ada', 'plain:1')
    for (const client of [phone, laptop])
      await until('it ended', () => client.pushes('plain:1').some(({ unsubscribe }) => unsubscribe !== undefined))
    await expect(own.server.subscribe('ada', 'nowhere:1')).rejects.toMatchObject({ code: 102 })
    await own.server.disconnect('ada')
    for (const client of [phone, laptop]) await until('it is closed', () => client.closedWith?.code === 3503)
  })

  test('[A110] tokens of its own are taken: for a connection with channels, and for one channel', async () => {
    await using own = await serve()
    const { server } = own
    using ada = await RawClient.connect(own.websocketUrl, { token: await server.token('ada', { channels: ['rooms:1'] }) })
    expect(Object.keys(await server.presence('rooms:1'))).toHaveLength(1)
    const token = await server.token('ada', { channel: 'plain:2', ttl: '5m' })
    expect((await ada.call({ subscribe: { channel: 'plain:2', token } })).error).toBeUndefined()
    own.clock.advance(5 * 60_000)
    using late = await RawClient.connect(own.websocketUrl, { token: await server.token('ada') })
    expect((await late.call({ subscribe: { channel: 'plain:2', token } })).error?.code).toBe(109)
    await expect(server.token('ada', { ttl: 'soon' })).rejects.toThrow('ttl: expected a duration')
  })
})

describe('namespaces in code and in files', () => {
  test('[A111] every option has one name in files and one in code, and a duration its unit in the latter', () => {
    const inFiles = Object.keys(optionsSchema.shape)
    const inCode = new Set(
      Object.keys({ ...namespaceRules, ...Object.assign({}, ...Object.values(deliveries).map(({ options }) => options)) }),
    )
    inCode.delete('name')
    // Where a namespace has its log is for whoever runs the brokers to say.
    expect(new Set(inFiles.map(codeName))).toEqual(new Set([...inCode, 'delivery', 'kafka']))
    expect(inFiles.map(codeName).map(configName)).toEqual(inFiles)
  })

  test('[A111] the documents list every option that is spelt in two ways', () => {
    const page = readFileSync(join(import.meta.dir, '../../docs/your-own-code.md'), 'utf8')
    const rows = [...page.matchAll(/^\| `([a-z_]+)` \| `(\w+)` \|$/gm)].map(([, inFile = '', inCode = '']) => [inFile, inCode])
    const spelt = Object.keys(optionsSchema.shape).map(option => [option, codeName(option)])
    expect(rows).toEqual(spelt.filter(([inFile, inCode]) => inFile !== inCode))
  })

  test('[A111] an option in the spelling of files is refused in code, and the error names the other', async () => {
    await using own = await serve()
    const given: object = { name: 'orders', history_size: 100 }
    for (const take of [defineNamespace, own.server.namespace.bind(own.server)]) {
      expect(() => Reflect.apply(take, undefined, [given])).toThrow(NamespaceError)
      expect(() => Reflect.apply(take, undefined, [given])).toThrow('namespace "orders": history_size: is `historySize` in code')
    }
  })
})

describe('fanfare/testing', () => {
  test('[A112] a test of own code runs as printed: a real server, tokens, and an hour that passes at once', async () => {
    using project = new Folder()
    install(project.path)
    writeFileSync(join(project.path, 'offers.test.ts'), sampleText('testing/offers.ts', 'http://localhost:7400'))
    await using run = new Program([process.execPath, 'test', './offers.test.ts'], {}, project.path)
    expect(await run.exited).toBe(0)
    expect(run.output + run.errors).toContain('1 pass')
  })

  test('[A112] test servers refuse each other’s tokens, and close more than once', async () => {
    const one = await createTestServer()
    await using other = await createTestServer()
    const foreign = await one.tokenFor('ada')
    const refused = await RawClient.connect(other.websocketUrl, { token: foreign }).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(Error)
    await one.close()
    await one.close()
    expect(await fetch(`${one.url}/healthz`).catch(() => 'nobody listens')).toBe('nobody listens')
  })
})
