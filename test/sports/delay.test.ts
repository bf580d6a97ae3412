import { afterEach, describe, expect, test } from 'bun:test'
import { FetchedStream, Folder, RawClient, Sdk, startServer, until, userToken } from '../kit/index.ts'
import { atEnd, endAll } from '../kit/servers/tree.ts'
import { Feed, goal, startSports } from './feed.ts'
import { channel, game, snapshotOf, startGame, subOf, TimedStream } from './timed-stream.ts'

afterEach(endAll)

const line = (id: string, text: string) => ({ id, kind: 'commentary', period: 'first_half', clock: { min: 12 }, data: { text } })
const shots = (id: string) => ({
  id,
  kind: 'shot',
  period: 'first_half',
  clock: { min: 12 },
  team: 'home',
  players: [],
  data: { outcome: 'saved' },
})

/** What gives the second goal away: the score, a name, an id, a line, a figure. */
const spoiler = /"score":\{"home":2|Adeyemi|late|What a goal|"s2"|"shots":\{"home":4/

const dataOf = (stream: FetchedStream) =>
  (subOf(stream)?.data ?? {}) as { readonly serverUtcMs?: number; readonly events?: readonly { readonly id: string }[] }

describe('a viewer who is behind', () => {
  test('[S12] sees a goal by its delay later, and nothing of it before: not in what a newcomer is given, nor over HTTP', async () => {
    const { clock, feed, open, after, get, started } = await startGame()
    await feed.post({ id: 'k', kind: 'period_start', period: 'first_half' }, goal('early'), shots('s1'), line('l1', 'Nothing yet.'))
    await after(20_500)
    const steady = open('&delay=20s')
    await steady.opened()
    const offsetBefore = subOf(steady)?.offset
    expect(snapshotOf(steady)).toContain('early')
    const goalAtMs = clock.now()
    await feed.post(goal('late', { players: [{ name: 'Adeyemi' }] }), shots('s2'), line('l2', 'What a goal!'))
    const live = open('')
    await live.opened()
    expect(snapshotOf(live)).toContain('Adeyemi')
    const known = await get('/sports/games/g1/snapshot?delay=20s')
    for (const wait of [0, 5_000, 5_000]) {
      await after(wait)
      const newcomer = open('&delay=20s')
      await newcomer.opened()
      expect(subOf(newcomer)?.offset).toBe(offsetBefore)
      expect([newcomer.lastEventId, Object.keys(subOf(newcomer) ?? {}).sort()]).toEqual([
        steady.lastEventId,
        Object.keys(subOf(steady) ?? {}).sort(),
      ])
      for (const path of ['games', 'games/g1/board', 'games/g1/snapshot', 'games/g1/events', 'games/g1/commentary']) {
        const now = await get(`/sports/${path}`)
        const then = await get(`/sports/${path}?delay=20s`)
        expect(then).not.toEqual(now)
        expect(`${path} ${then}`).not.toMatch(spoiler)
      }
      const boards = new FetchedStream(`${started.url}/sse?channel=sports:league_north&channel=sports:team_reds&delay=20s`)
      atEnd(() => boards[Symbol.dispose]())
      await boards.opened()
      expect(snapshotOf(boards)).toContain('"home":1')
      for (const seen of [newcomer, boards, steady]) expect(seen.texts.join()).not.toMatch(spoiler)
      expect(JSON.parse(known).board).toEqual(JSON.parse(await get('/sports/games/g1/board?delay=20s')).board)
    }
    const cameAtMs = await until('the goal is there', () => steady.cameAtMs('Adeyemi'))
    expect(cameAtMs - goalAtMs).toBeWithin(20_000, 26_000)
    expect(await get('/sports/games/g1/board?delay=20s')).toContain('"score":{"home":2')
  })

  test('[S12] gets figures and commentary as late as goals, and the time of a match that is behind', async () => {
    const { clock, feed, open, after } = await startGame()
    await feed.post({ id: 'k', kind: 'period_start', period: 'first_half' })
    const viewer = open('&delay=10s')
    await viewer.opened()
    await after(11_000)
    const atMs = clock.now()
    await feed.post(shots('s1'), line('l1', 'A long ball.'), goal('g'))
    for (const what of ['"shots":{"home":2', 'A long ball.', '"id":"g"']) {
      const cameAtMs = await until(`${what} is there`, () => viewer.cameAtMs(what))
      expect(cameAtMs - atMs).toBeWithin(10_000, 18_000)
    }
    const newcomer = open('&delay=10s')
    await newcomer.opened()
    expect(clock.now() - (dataOf(newcomer).serverUtcMs ?? 0)).toBeWithin(10_000, 16_000)
    const live = open('')
    await live.opened()
    expect(clock.now() - (dataOf(live).serverUtcMs ?? 0)).toBeLessThan(6_000)
  })

  test('[S12] sees a goal that was taken back meanwhile given and taken, in order, each with its own delay', async () => {
    const { feed, open, after } = await startGame()
    const delays = [0, 5, 12]
    const viewers = delays.map(delay => open(`&delay=${delay}s`))
    for (const viewer of viewers) await viewer.opened()
    await feed.post(goal('g', { state: 'provisional' }))
    await feed.post({ id: 'v', kind: 'var_start', ref: 'g' })
    await after(1_000)
    await feed.post({ id: 'e', kind: 'var_end', ref: 'g', data: { outcome: 'no_goal' } }, { ...goal('g'), rev: 2, state: 'overturned' })
    await after(1_000)
    await feed.post({ id: 'g', rev: 3, state: 'deleted' })
    const expected = ['g provisional', 'v confirmed', 'e confirmed', 'g overturned', 'g deleted']
    for (const [index, viewer] of viewers.entries()) {
      await until(`who is ${delays[index]} s behind was told all`, () => viewer.told.length >= expected.length)
      expect(viewer.told.toSorted()).toEqual(expected.toSorted())
      expect(viewer.told.filter(event => event.startsWith('g '))).toEqual(['g provisional', 'g overturned', 'g deleted'])
      expect(viewer.cameAtMs('provisional') ?? 0).toBeLessThanOrEqual(viewer.cameAtMs('deleted') ?? 0)
    }
    const [at, at5, at12] = viewers.map(viewer => viewer.cameAtMs('provisional') ?? 0) as [number, number, number]
    expect(at5 - at).toBeWithin(4_500, 10_000)
    expect(at12 - at).toBeWithin(11_500, 17_000)
  })

  test('[S21] resumes where it was, exactly once, also over a restart of the server', async () => {
    using folder = new Folder()
    const first = await startGame(folder.path)
    const { clock, feed, after } = first
    const viewer = first.open('&delay=10s')
    await viewer.opened()
    for (const id of ['a', 'b', 'c']) {
      await feed.post(goal(id))
      await after(3_000)
    }
    await until('the first goal is there', () => viewer.told.includes('a confirmed'))
    viewer[Symbol.dispose]()
    const before = viewer.told
    await feed.post(goal('d'))
    await first.started.server.close()
    const second = await startSports(folder.path, { clock })
    atEnd(() => second[Symbol.asyncDispose]())
    const url = second.url
    const newcomer = new TimedStream(clock, `${url}/sse?channel=${channel}&delay=10s`)
    const again = new TimedStream(clock, `${url}/sse?channel=${channel}&delay=10s`, { 'Last-Event-ID': viewer.lastEventId })
    await Promise.all([again.opened(), newcomer.opened()])
    expect(subOf(again)).toMatchObject({ recovered: true, was_recovering: true })
    expect(snapshotOf(newcomer)).not.toContain('"id":"d"')
    await new Feed(url, 'g1').post(goal('e'))
    await until('the last goal is there', () => again.told.includes('e confirmed'))
    expect([...before, ...again.told]).toEqual(['a', 'b', 'c', 'd', 'e'].map(id => `${id} confirmed`))
    const { events = [] } = dataOf(newcomer)
    await until('the newcomer has it too', () => newcomer.told.includes('e confirmed'))
    expect(new Set([...events.map(({ id }) => `${id} confirmed`), ...newcomer.told])).toEqual(new Set([...before, ...again.told]))
  })

  test('[S21] who asks to be further behind than it was sees nothing twice, and waits until time has come to its place', async () => {
    const { clock, feed, open, after } = await startGame()
    await feed.post(goal('a'))
    const live = open('')
    await live.opened()
    await feed.post(goal('b'))
    const atMs = clock.now()
    await until('it was seen', () => live.told.includes('b confirmed'))
    const behind = open('&delay=10s', { 'Last-Event-ID': live.lastEventId })
    await behind.opened()
    expect(subOf(behind)).toMatchObject({
      recovered: true,
      publications: [],
      offset: subOf(live)?.offset === undefined ? -1 : expect.any(Number),
    })
    expect(behind.lastEventId).toBe(live.lastEventId)
    await after(2_000)
    await feed.post(goal('c'))
    const cAtMs = clock.now()
    await until('the next goal is there', () => behind.told.includes('c confirmed'))
    expect(behind.told).toEqual(['c confirmed'])
    expect((behind.cameAtMs('"id":"c"') ?? 0) - cAtMs).toBeWithin(9_500, 15_000)
    expect(clock.now() - atMs).toBeGreaterThan(10_000)
    const nearer = open('', { 'Last-Event-ID': behind.lastEventId })
    await nearer.opened()
    await feed.post(goal('d'))
    await until('what is new comes at once', () => nearer.told.includes('d confirmed'))
    expect(nearer.told).toEqual(['d confirmed'])
  })

  test('[S12] a match that is described anew or put is so later by the delay', async () => {
    const { feed, open, after, get, started } = await startGame()
    await feed.post(goal('a'))
    await after(11_000)
    const viewer = open('&delay=10s')
    await viewer.opened()
    await feed.put({ ...game, venue: 'Hill Road' })
    await new Feed(started.url, 'g2').put({ ...game, home: 'Greens' })
    expect(await get('/sports/games/g1/snapshot?delay=10s')).not.toContain('Hill Road')
    expect(await get('/sports/games?delay=10s')).not.toContain('Greens')
    expect(await get('/sports/games')).toContain('Greens')
    expect(await get('/sports/games/g1/board?delay=10s')).toContain('"home":1')
    await until('the new description is there', () => viewer.cameAtMs('Hill Road'))
    expect(await get('/sports/games/g1/snapshot?delay=10s')).toContain('Hill Road')
    await until('the new match is in the list', async () => (await get('/sports/games?delay=10s')).includes('Greens'))
  })
})

describe('what is asked for', () => {
  test.each(['61s', '30', '-1s', 'a while', '1h'])('[S22] a delay of %p is refused by its name, everywhere', async delay => {
    const { started, get } = await startGame()
    const asked = `delay=${encodeURIComponent(delay)}`
    const reason = 'delay: expected a duration from \\"0s\\" to \\"60s\\", like \\"30s\\"'
    for (const path of [`/sse?channel=${channel}&${asked}`, `/sports/games?${asked}`, `/sports/games/g1/snapshot?${asked}`]) {
      const response = await fetch(started.url + path)
      expect([path, response.status]).toEqual([path, 400])
      expect(await response.text()).toContain(reason)
    }
    expect(await get(`/sports/games/g1/board?delay=0s`)).toContain('"home":0')
    const client = await RawClient.connect(started.wsUrl, { token: await userToken('alice') })
    atEnd(() => client[Symbol.dispose]())
    const { error } = await client.call({ subscribe: { channel, data: { delay } } })
    expect(error).toMatchObject({ code: 107, message: expect.stringContaining('subscribe.data.delay: expected a duration') })
  })

  test('[S22] a namespace that has no delays says so of its channel alone, and the form for caches refuses to be asked', async () => {
    const started = await startServer({
      channel: {
        namespaces: [
          { name: 'news', allow_subscribe_for_client: true },
          { name: 'slow', delay_max: '10s', allow_subscribe_for_client: true, history_size: 10, history_ttl: '1m' },
        ],
      },
    })
    atEnd(() => started[Symbol.asyncDispose]())
    const token = await userToken('alice')
    const stream = new FetchedStream(`${started.url}/sse?channel=news:1&channel=slow:1&delay=10s&token=${token}`)
    atEnd(() => stream[Symbol.dispose]())
    const { subs } = await stream.opened()
    expect(subs['news:1']).toEqual({ error: { code: 108, message: 'not available: delay: channels of "news" cannot be delayed' } } as never)
    expect(subs['slow:1']?.error).toBeUndefined()
    const further = new FetchedStream(`${started.url}/sse?channel=slow:1&delay=11s&token=${token}`)
    atEnd(() => further[Symbol.dispose]())
    const refused = await further.response
    expect([refused.status, await refused.text()]).toEqual([404, expect.stringContaining('delay: at most 10s')])
    const { started: sports } = await startGame()
    const chunk = await fetch(`${sports.url}/sports/games/g1/latest?delay=10s`)
    expect([chunk.status, await chunk.text()]).toEqual([400, expect.stringContaining('delay: ')])
  })

  test('[S12] an SDK says it in the data of its subscription, and its history goes no further than that', async () => {
    const { started, feed, after, clock } = await startGame()
    await feed.post(goal('a'))
    await after(10_500)
    const atMs = clock.now()
    await feed.post(goal('b'))
    using sdk = await new Sdk(started.wsUrl, { token: await userToken('alice') }).connect()
    const sub = sdk.subscribe(channel, { data: { delay: '10s' } })
    sub.subscription.subscribe()
    await sub.subscription.ready()
    expect(JSON.stringify(sub.snapshot)).toContain('"id":"a"')
    expect(JSON.stringify(sub.snapshot)).not.toContain('"id":"b"')
    expect(JSON.stringify(await sub.subscription.history({ limit: 100 }))).not.toContain('"id":"b"')
    await until('the goal is there', () => sub.publications.some(({ data }) => JSON.stringify(data).includes('"id":"b"')))
    expect(clock.now() - atMs).toBeWithin(10_000, 16_000)
  })
})
