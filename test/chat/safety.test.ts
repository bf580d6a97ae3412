import { describe, expect, test } from 'bun:test'
import { type ChatOptions, chatWith } from '../../src/services/chat/index.ts'
import { openSql } from '../../src/store/index.ts'
import { atEnd, failureOf, post, testServer, until, userToken } from '../kit/api.ts'
import { lacks, Postgres, Sdk } from '../kit/index.ts'
import { Device } from './device.ts'

type Options = Omit<ChatOptions, 'openSql'>

const generous = { messageRate: { perSecond: 10_000, burst: 10_000 }, commandRate: { perSecond: 10_000, burst: 10_000 } }

async function serveChat(options: Options = { bounds: generous }, target = 'sqlite::memory:') {
  return testServer({}, { services: [chatWith({ openSql: () => openSql(target), ...options })] })
}

async function device(server: { readonly url: string }, user: string, name = 'phone'): Promise<Device> {
  const connected = await Device.connect(server, user, name)
  atEnd(() => connected[Symbol.dispose]())
  return connected
}

/** A group in which all take part, and which all have open. */
async function lively(server: { readonly url: string }, names: readonly string[]) {
  const devices: Device[] = []
  for (const name of names) devices.push(await device(server, name))
  const [owner] = devices
  const { conversation } = (await owner?.call('chat.group', { title: 'lively', members: names.slice(1), cid: 'g' })) ?? { conversation: '' }
  for (const each of devices) {
    await each.call('chat.send', { conversation, cid: 'here', text: 'here I am' })
    await each.open(conversation)
  }
  return { conversation, devices }
}

const kinds = (heard: readonly unknown[], kind: string) => heard.filter(signal => Bun.deepMatch({ kind }, signal))

describe('who is there', () => {
  test('[M84] a stranger who begins a conversation, or puts one into a group, sees neither who is online nor when they were', async () => {
    const server = await serveChat()
    const [mallory, bob] = [await device(server, 'mallory'), await device(server, 'bob')]
    const { conversation } = await mallory.call('chat.direct', { with: 'bob' })
    const { conversation: group } = await mallory.call('chat.group', { title: 'trap', members: ['bob'], cid: 'g' })
    for (const id of [conversation, group]) await mallory.open(id)
    const seen = async () => (await mallory.call('chat.presence', { users: ['bob'] })).users
    expect(await seen()).toEqual([{ user: 'bob', online: false }])
    bob[Symbol.dispose]()
    const again = await device(server, 'bob')
    expect(await seen()).toEqual([{ user: 'bob', online: false }])
    expect(mallory.heard).toEqual([])
    await again.call('chat.accept', { conversation })
    await until('mallory sees bob', () => mallory.heard.length > 0)
    expect(mallory.heard).toEqual([{ kind: 'presence', user: 'bob', online: true }])
    expect(await seen()).toEqual([{ user: 'bob', online: true }])
  })

  test('[M85, M214] in an open group each hears of the others what they may: nothing across a block, and last seen where both show it', async () => {
    const server = await serveChat()
    const { devices, conversation } = await lively(server, ['alice', 'bob', 'carol', 'mallory'])
    const [alice, bob, carol, mallory] = devices
    if (alice === undefined || bob === undefined || carol === undefined || mallory === undefined) throw new Error('four devices')
    await bob.call('chat.block', { user: 'mallory' })
    const isAway = (signal: unknown) => Bun.deepMatch({ kind: 'presence', user: 'bob', online: false }, signal)
    await until('bob seems to go to mallory', () => mallory.heard.some(isAway))
    expect([alice, carol].some(({ heard }) => heard.some(isAway))).toBe(false)
    await carol.call('chat.settings', { last_seen: false })
    for (const each of devices) each.heard.length = 0
    await mallory.call('chat.typing', { conversation, on: true })
    await until('alice hears mallory', () => kinds(alice.heard, 'typing').length === 1)
    bob[Symbol.dispose]()
    const last = { kind: 'presence', user: 'bob', online: false }
    for (const each of [alice, carol]) await until('bob is seen to go', () => kinds(each.heard, 'presence').length === 1)
    expect(kinds(alice.heard, 'presence')).toEqual([{ ...last, last_seen: expect.any(Number) }])
    expect(kinds(carol.heard, 'presence')).toEqual([last])
    // What comes after it on the same line has come: there was nothing for mallory before.
    await alice.call('chat.typing', { conversation, on: true })
    await until('mallory hears alice', () => kinds(mallory.heard, 'typing').length === 2)
    expect(kinds(mallory.heard, 'presence')).toEqual([])
    expect(kinds(bob.heard, 'typing')).toEqual([])
  })
})

test('[M95] a title shows something, and turns no text around it', async () => {
  const server = await serveChat()
  const alice = await device(server, 'alice')
  const { conversation } = await alice.call('chat.group', { title: '👩‍👩‍👧 Familie · عائلة', members: [], cid: 'g' })
  for (const title of [' ', '\u00a0\u3000', '\u200b\u200d', '\u2800', '\u3164', 'invoice\u202egpj.exe', '\u2067x\u2069']) {
    for (const refused of [alice.call('chat.group', { title, members: [], cid: 'h' }), alice.call('chat.rename', { conversation, title })])
      expect(await failureOf(refused)).toMatchObject({ code: 107, message: expect.stringContaining('title') })
  }
})

describe('what it costs', () => {
  test('[M89] reactions are charged by the entries that they come to', async () => {
    const bounds = { ...generous, entryRate: { perSecond: 0.001, burst: 100 } }
    const server = await serveChat({ bounds })
    const members = Array.from({ length: 19 }, (_, i) => `user ${i}`)
    const mallory = await device(server, 'mallory')
    const { conversation } = await mallory.call('chat.group', { title: 'g', members, cid: 'g' })
    const { seq } = await mallory.call('chat.send', { conversation, cid: '1', text: 'hello' })
    const emoji = ['👍', '']
    const tried = await Promise.all(
      Array.from({ length: 150 }, (_, i) =>
        mallory.call('chat.react', { conversation, seq, emoji: emoji[i % 2] ?? '' }).then(() => 1, failed),
      ),
    )
    // The group was 20 entries, each reaction is 20; what changes nothing costs nothing.
    const { conversations } = await mallory.call('chat.conversations', {})
    expect(conversations.map(({ seq }) => seq)).toEqual([2 + 4])
    const refused = tried.filter(outcome => outcome !== 1)
    expect(refused.length).toBeGreaterThanOrEqual(70)
    expect(refused).toEqual(refused.map(() => ({ code: 429, temporary: true })))
  })

  test('[M90] a hook says who there is, and whoever is not leaves no row; whom a user brings in a day is bounded', async () => {
    const asked: (readonly string[])[] = []
    const existing = async (users: readonly string[]) => {
      asked.push(users)
      return users.filter(user => !user.startsWith('invented'))
    }
    const opened = await openSql('sqlite::memory:')
    const server = await testServer(
      {},
      { services: [chatWith({ openSql: async () => opened, bounds: { ...generous, peoplePerDay: 3 }, existing })] },
    )
    const mallory = await device(server, 'mallory')
    const { conversation } = await mallory.call('chat.group', { title: 'g', members: ['bob'], cid: 'g' })
    for (const refused of [
      mallory.call('chat.direct', { with: 'invented' }),
      mallory.call('chat.group', { title: 'g', members: ['carol', 'invented'], cid: 'h' }),
      mallory.call('chat.add', { conversation, users: ['invented 2'] }),
    ])
      expect(await failureOf(refused)).toMatchObject({ code: 404, message: expect.stringContaining('no such user: invented') })
    expect(await failureOf(mallory.call('chat.add', { conversation: 'g_other', users: ['invented'] }))).toMatchObject({
      message: expect.stringContaining('no such conversation'),
    })
    const rows = async () =>
      (await opened.all<{ person: string }>('select person from chat_member order by person')).map(({ person }) => person)
    expect(await rows()).toEqual(['bob', 'mallory'])
    expect(asked).toContainEqual(['carol', 'invented'])
    await mallory.call('chat.add', { conversation, users: ['carol', 'dave'] })
    expect(await failureOf(mallory.call('chat.add', { conversation, users: ['erin'] }))).toMatchObject({ code: 429 })
    expect(await rows()).toEqual(['bob', 'carol', 'dave', 'mallory'])
  })
})

for (const store of ['sqlite', 'postgres'] as const) {
  test.skipIf(store === 'postgres' && lacks('postgres', 'chat on Postgres'))(
    `[M91] an id that cannot be is refused with its path, by every command (${store})`,
    async () => {
      const postgres = store === 'postgres' ? await Postgres.start() : undefined
      if (postgres !== undefined) atEnd(() => postgres[Symbol.asyncDispose]())
      const server = await serveChat({ bounds: generous }, postgres === undefined ? undefined : await postgres.database())
      const { methods } = (await (await fetch(`${server.url}/rpc`)).json()) as {
        methods: { method: string; input: { properties?: Record<string, { type?: string; items?: { type?: string } }> } }[]
      }
      const headers = { Authorization: `Bearer ${await userToken('alice')}` }
      const whole: Record<string, unknown> = {
        ...{
          conversation: 'g_1',
          user: 'bob',
          users: ['bob'],
          with: 'bob',
          members: ['bob'],
          title: 'a',
          cid: 'c',
          code: 'c',
          revoke: 'c',
        },
        ...{ seq: 1, text: 'hello', emoji: '👍', for: 'me', on: true, offset: 0, role: 'admin', device: 'phone', subscription: null },
      }
      const tried: string[] = []
      for (const { method, input } of methods.filter(({ method }) => method.startsWith('chat.'))) {
        const names = Object.keys(input.properties ?? {})
        const base = Object.fromEntries(names.flatMap(name => (name in whole ? [[name, whole[name]]] : [])))
        const ids = ['conversation', 'user', 'users', 'with', 'members', 'title', 'cid', 'code', 'revoke', 'device'].filter(name =>
          names.includes(name),
        )
        for (const name of ids)
          for (const bad of ['a\0b', 'a\ud800b', 'a\u0007b', 'a'.repeat(2_000)]) {
            const { status, body } = await post(
              server,
              `/rpc/${method}`,
              { ...base, [name]: Array.isArray(base[name]) ? [bad] : bad },
              headers,
            )
            tried.push(`${method} ${name}`)
            expect([method, name, bad.slice(0, 5), status, body]).toEqual([
              method,
              name,
              bad.slice(0, 5),
              expect.any(Number),
              { error: { code: 107, message: expect.stringContaining(`${name}`) } },
            ])
          }
      }
      expect(new Set(tried).size).toBeGreaterThan(40)
      const odd = { Authorization: `Bearer ${await userToken('a\0b')}` }
      for (const [method, input] of [
        ['chat.conversations', {}],
        ['chat.direct', { with: 'bob' }],
      ] as const)
        expect((await post(server, `/rpc/${method}`, input, odd)).body).toMatchObject({ error: { code: 107 } })
      const stranger = new Sdk(`${server.url.replace('http', 'ws')}/connection/websocket`, { token: await userToken('a\0b') })
      atEnd(() => stranger[Symbol.dispose]())
      await stranger.connect()
      for (const channel of ['chat:g_1', 'inbox:#a\0b']) expect([103, 107]).toContain(await refusalOf(stranger, channel))
      const alice = await device(server, 'alice')
      for (const channel of ['chat:g_\0', 'chat:a b', `chat:${'a'.repeat(100)}`]) {
        expect([103, 107]).toContain(await refusalOf(alice.sdk, channel))
      }
    },
  )
}

function refusalOf({ client }: Sdk, channel: string): Promise<number> {
  const subscription = client.newSubscription(channel)
  return new Promise(resolve => {
    subscription.on('error', ({ error }) => resolve(error.code))
    subscription.on('unsubscribed', ({ code }) => resolve(code))
    subscription.subscribe()
  })
}

function failed(error: unknown) {
  return typeof error === 'object' && error !== null && 'code' in error && 'temporary' in error
    ? { code: error.code, temporary: error.temporary }
    : error
}
