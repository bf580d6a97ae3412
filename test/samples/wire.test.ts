import { afterEach, describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { resolveConfig } from '../../src/server/index.ts'
import { chatWith } from '../../src/services/chat/index.ts'
import { openSql } from '../../src/store/index.ts'
import { BackEnd, serveWith } from '../hooks/back-end.ts'
import { unlike } from '../kit/alike.ts'
import { api, connectAs, subscribeTo, testServer } from '../kit/api.ts'
import { lacks, Program, RawClient, type TestServer, until, userToken } from '../kit/index.ts'
import { endAll, startCentral, startRelay } from '../kit/servers/tree.ts'

afterEach(endAll)

const sample = (path: string) => readFileSync(join(import.meta.dir, '../../examples', path), 'utf8')
const lines = (path: string): unknown[] =>
  sample(path)
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
/** The epoch of the samples, in whose place there is another one each time. */
const epoch = 'xKc9'

/** A node with the room of the samples: 43 publications, the last two of which are told. */
async function roomAt(
  place: string,
): Promise<{ central: TestServer; node: TestServer; publish: (n: number) => Promise<{ epoch: string }> }> {
  const room = {
    name: 'room',
    history_size: 100,
    history_ttl: '10m',
    force_recovery: true,
    allow_subscribe_for_client: true,
    allow_subscribe_for_anonymous: true,
  } as const
  const central = await startCentral({ channel: { namespaces: [room] } })
  const node = place === 'the central node' ? central : await startRelay([central])
  return { central, node, publish: n => central.publish('room:1', { n }) }
}

describe.each(['the central node', 'a relay below it'])('what the documents print of the wire, at %s', place => {
  test('[A94] a client that recovers says and is told what is printed', async () => {
    const { node, publish } = await roomAt(place)
    let real = ''
    for (let n = 1; n <= 43; n++) real = (await publish(n)).epoch
    const printed = sample('wire/websocket.txt').replaceAll(/\n +/g, '').trim().split('\n')
    const commands = printed.filter(line => line.startsWith('-> ')).map(line => JSON.parse(line.slice(3)))
    const expected: unknown[] = printed.filter(line => line.startsWith('<- ')).map(line => JSON.parse(line.slice(3)))
    using client = await RawClient.open(`${node.url.replace('http', 'ws')}/connection/websocket`)
    for (const command of commands) {
      if (command.connect !== undefined) command.connect.token = await userToken('ada')
      if (command.subscribe !== undefined) command.subscribe.epoch = real
      client.send(command)
    }
    await until('both are answered', () => client.messages.length >= 2)
    await publish(44)
    await until('the publication came', () => client.messages.length >= 3)
    expect(client.messages.flatMap((message, index) => unlike(expected[index], message, [epoch]))).toEqual([])
  })

  test.skipIf(lacks('curl', 'the event stream that is printed'))('[A94] an event stream in a terminal is what is printed', async () => {
    const { node, publish } = await roomAt(place)
    for (let n = 1; n <= 43; n++) await publish(n)
    const [command = '', ...printed] = sample('wire/stream.txt').trim().split('\n')
    const program = new Program(['sh', '-c', `exec ${command.slice(2).replace('http://localhost:7400', node.url)}`], {}, import.meta.dir)
    try {
      await program.says(/(data: \{"connect".*\n\n)/)
      await publish(44)
      await program.says(/("n":44\}.*\n)/)
      const shown = program.output.trim().split('\n')
      expect(shown).toHaveLength(printed.length)
      for (const [index, line] of printed.entries()) {
        const [field, text = ''] = [line.split(':')[0], line.slice(line.indexOf(':') + 2)]
        const actual = shown[index] ?? ''
        expect(actual.split(':')[0]).toBe(field ?? '')
        if (field === 'data') expect(unlike(JSON.parse(text), JSON.parse(actual.slice(6)), [epoch])).toEqual([])
        if (field === 'retry') expect(actual).toMatch(/^retry: \d+$/)
        if (field === 'id') expect(actual).toMatch(/^id: [\w-]+$/)
      }
    } finally {
      await program.stop()
    }
  })

  test('[A94] the inbox of a device begins with what is printed', async () => {
    const services = [chatWith({ openSql: () => openSql('sqlite::memory:') })]
    const central = await startCentral({}, { services })
    const node = place === 'the central node' ? central : await startRelay([central])
    const printed: Readonly<Record<string, unknown>> = JSON.parse(sample('chat/connected.json'))
    using client = await RawClient.connect(`${node.url.replace('http', 'ws')}/connection/websocket`, {
      token: await userToken('ada'),
      data: { device: 'laptop' },
    })
    const [inbox] = Object.entries(client.messages[0]?.connect?.subs ?? {})
    expect(inbox?.[0]).toBe('inbox:#ada')
    const data = inbox?.[1].data as Readonly<Record<string, unknown>>
    expect(Object.keys(data).sort()).toEqual(Object.keys(printed).sort())
    expect(data).toMatchObject({ device: printed.device, durability: printed.durability })
  })
})

describe('what the documents print of hooks and answers', () => {
  test('[A96] a question has the fields that are printed, and no other', async () => {
    const backEnd = new BackEnd().on('connect', () => ({ result: { user: 'alice', meta: { what: 'connect gave' } } }))
    const server = await serveWith(backEnd.hooks(['connect', 'subscribe', 'rpc']))
    using client = await RawClient.connect(server.wsUrl, { token: await userToken('alice', { meta: { what: 'connect gave' } }) })
    await client.call({ subscribe: { channel: 'asked:alice', data: { any: 'JSON' } } })
    await client.call({ rpc: { method: 'price.of', data: { any: 'JSON' } } })
    const printed: Readonly<Record<string, unknown>> = JSON.parse(sample('hooks/question.json'))
    const bodies = [...(await backEnd.gets('subscribe')), ...(await backEnd.gets('rpc'))].map(({ body }) => body)
    const all = Object.assign({}, ...bodies)
    expect(unlike({ ...printed, channel: 'asked:alice' }, all)).toEqual([])
  })

  test('[A96] the answers that are printed are taken as it is said', async () => {
    const [granted, refused, disconnects] = lines('hooks/answers.jsonl')
    const answers: Readonly<Record<string, unknown>> = { yes: granted, no: refused, out: disconnects }
    const backEnd = new BackEnd().on('subscribe', ({ body }) => answers[String(body.channel).slice('asked:'.length)])
    const server = await serveWith(backEnd.hooks(['subscribe']))
    using client = await RawClient.connect(server.wsUrl, { token: await userToken('alice') })
    expect((await client.call({ subscribe: { channel: 'asked:yes' } })).subscribe).toBeDefined()
    expect((await client.call({ subscribe: { channel: 'asked:no' } })).error).toMatchObject({ code: 403, message: 'members only' })
    client.send({ id: 99, subscribe: { channel: 'asked:out' } })
    expect(await client.closed).toMatchObject({ code: 4500, reason: 'banned' })
  })

  test('[A96] notices are as they are printed', async () => {
    const backEnd = new BackEnd()
    const server = await serveWith(backEnd.hooks(['disconnect', 'unsubscribe', 'channel_vacated']))
    const client = await connectAs(server, 'alice')
    const { subscription } = await subscribeTo(client, 'open:a')
    subscription.unsubscribe()
    await backEnd.gets('channel_vacated')
    client.disconnect()
    await backEnd.gets('disconnect')
    for (const printed of lines('hooks/notices.jsonl') as { event: string; time_ms: number; channel?: string }[]) {
      const [told] = backEnd.of(printed.event)
      const { time_ms, ...body } = told?.body ?? {}
      expect(time_ms).toBeNumber()
      const { time_ms: _, ...expected } = printed
      expect(unlike({ ...expected, ...(printed.channel === undefined ? {} : { channel: 'open:a' }) }, body)).toEqual([])
    }
  })

  test('[A96] the answers of the server API are as they are printed', async () => {
    const server = await testServer({ channel: { namespaces: [{ name: 'bare' }] } })
    const [done, wrong] = lines('api/answers.jsonl')
    expect((await api(server, 'publish', { channel: 'bare:a', data: 1 })).body).toEqual(done as never)
    expect((await api(server, 'publish', { channel: 'bare:a', data: 1, tags: { lang: 5 } })).body).toEqual(wrong as never)
  })

  test('[A96] the configuration that is printed is one, and a wrong value is told of as it is printed', () => {
    expect(resolveConfig({ file: JSON.parse(sample('hooks/configuration.json')) })).toMatchObject({ ok: true })
    const namespaces = [{ name: 'a' }, { name: 'b' }, { name: 'c', history_size: 10, history_ttl: '30' }]
    const problems = [sample('wrong-value.txt').trim()]
    expect(resolveConfig({ file: { channel: { namespaces } } })).toEqual({ ok: false, problems })
  })
})
