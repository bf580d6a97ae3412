import { afterEach, describe, expect, test } from 'bun:test'
import { type Clock, seededRandom } from '../../src/kit/index.ts'
import { recordTimeline } from '../../src/services/sports/feeds/timeline.ts'
import { semi2014 } from '../../src/services/sports/timelines/index.ts'
import { hurried, rowOf } from '../multinode/tree.ts'
import { FetchedStream, Folder, RawClient, Sdk, startServer, type TestServer, until, userToken } from '../support/index.ts'
import { Feed, goal, startBelow, startSports } from './feed.ts'
import { Follower } from './follower.ts'

/** Seconds pass ten times as fast, for servers and tests alike. */
const times = 10
const endings: (() => unknown)[] = []

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

const game = { home: 'Reds', away: 'Blues', league: 'north', competition: 'Northern League' }
const channel = 'sports:game_g1'
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

/** An event stream that notes when its events came. */
class TimedStream extends FetchedStream {
  readonly atMs: number[] = []

  constructor(
    readonly clock: Clock,
    url: string,
    headers: Record<string, string> = {},
  ) {
    super(url, headers)
    endings.push(() => this[Symbol.dispose]())
  }

  override feed(text: string): void {
    super.feed(text)
    while (this.atMs.length < this.texts.length) this.atMs.push(this.clock.now())
  }

  /** When the first event came that says this. */
  cameAtMs(text: string): number | undefined {
    const index = this.texts.findIndex(event => event.includes(text))
    return index === -1 ? undefined : this.atMs[index]
  }

  /** What of the game was told urgently: which events in which state, in order. */
  get told(): string[] {
    return this.data(channel).flatMap(data => {
      const { events = [] } = data as { events?: { id: string; state: string }[] }
      return events.map(({ id, state }) => `${id} ${state}`)
    })
  }
}

async function start(data?: string) {
  const clock = hurried(times)
  const started = await startSports(data, { clock })
  endings.push(() => started[Symbol.asyncDispose]())
  const feed = new Feed(started.url, 'g1')
  await feed.put(game)
  const open = (query: string, headers: Record<string, string> = {}, { url }: { url: string } = started) =>
    new TimedStream(clock, `${url}/sse?channel=${channel}${query}`, headers)
  const after = (ms: number) => Bun.sleep(ms / times)
  const get = async (path: string) => (await fetch(`${started.url}${path}`)).text()
  return { started, clock, feed, open, after, get }
}

const snapshotOf = ({ events }: FetchedStream) => JSON.stringify(events[0]?.data.connect?.subs)
const subOf = (stream: FetchedStream) => stream.events[0]?.data.connect?.subs[channel]
const dataOf = (stream: FetchedStream) =>
  (subOf(stream)?.data ?? {}) as { readonly serverUtcMs?: number; readonly events?: readonly { readonly id: string }[] }

describe('a viewer who is behind', () => {
  test('[S12] sees a goal by its delay later, and nothing of it before: not in what a newcomer is given, nor over HTTP', async () => {
    const { clock, feed, open, after, get, started } = await start()
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
      endings.push(() => boards[Symbol.dispose]())
      await boards.opened()
      expect(snapshotOf(boards)).toContain('"home":1')
      for (const seen of [newcomer, boards, steady]) expect(seen.texts.join()).not.toMatch(spoiler)
      expect(JSON.parse(known).board).toEqual(JSON.parse(await get('/sports/games/g1/board?delay=20s')).board)
    }
    const cameAtMs = await until('the goal is there', () => steady.cameAtMs('Adeyemi'))
    expect(cameAtMs - goalAtMs).toBeWithin(20_000, 26_000)
    expect(await get('/sports/games/g1/board?delay=20s')).toContain('"score":{"home":2')
  }, 20_000)

  test('[S12] gets figures and commentary as late as goals, and the time of a match that is behind', async () => {
    const { clock, feed, open, after } = await start()
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
  }, 15_000)

  test('[S12] sees a goal that was taken back meanwhile given and taken, in order, each with its own delay', async () => {
    const { feed, open, after } = await start()
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
  }, 15_000)

  test('[S21] resumes where it was, exactly once, also over a restart of the server', async () => {
    using folder = new Folder()
    const first = await start(folder.path)
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
    endings.push(() => second[Symbol.asyncDispose]())
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
  }, 20_000)

  test('[S21] who asks to be further behind than it was sees nothing twice, and waits until time has come to its place', async () => {
    const { clock, feed, open, after } = await start()
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
    await until('what is new comes at once', () => nearer.told.includes('d confirmed'), 500)
    expect(nearer.told).toEqual(['d confirmed'])
  }, 15_000)

  test('[S12] a match that is described anew or put is so later by the delay', async () => {
    const { feed, open, after, get, started } = await start()
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
    expect(await get('/sports/games?delay=10s')).toContain('Greens')
  }, 15_000)
})

describe('what is asked for', () => {
  test.each(['61s', '30', '-1s', 'a while', '1h'])('[S22] a delay of %p is refused by its name, everywhere', async delay => {
    const { started, get } = await start()
    const asked = `delay=${encodeURIComponent(delay)}`
    const reason = 'delay: expected a duration from \\"0s\\" to \\"60s\\", like \\"30s\\"'
    for (const path of [`/sse?channel=${channel}&${asked}`, `/sports/games?${asked}`, `/sports/games/g1/snapshot?${asked}`]) {
      const response = await fetch(started.url + path)
      expect([path, response.status]).toEqual([path, 400])
      expect(await response.text()).toContain(reason)
    }
    expect(await get(`/sports/games/g1/board?delay=0s`)).toContain('"home":0')
    const client = await RawClient.connect(started.wsUrl, { token: await userToken('alice') })
    endings.push(() => client[Symbol.dispose]())
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
    endings.push(() => started[Symbol.asyncDispose]())
    const token = await userToken('alice')
    const stream = new FetchedStream(`${started.url}/sse?channel=news:1&channel=slow:1&delay=10s&token=${token}`)
    endings.push(() => stream[Symbol.dispose]())
    const { subs } = await stream.opened()
    expect(subs['news:1']).toEqual({ error: { code: 108, message: 'not available: delay: channels of "news" cannot be delayed' } } as never)
    expect(subs['slow:1']?.error).toBeUndefined()
    const further = new FetchedStream(`${started.url}/sse?channel=slow:1&delay=11s&token=${token}`)
    endings.push(() => further[Symbol.dispose]())
    expect((await further.opened()).subs['slow:1']?.error?.message).toContain('delay: at most 10s')
    const { started: sports } = await start()
    const chunk = await fetch(`${sports.url}/sports/games/g1/latest?delay=10s`)
    expect([chunk.status, await chunk.text()]).toEqual([400, expect.stringContaining('delay: ')])
  })

  test('[S12] an SDK says it in the data of its subscription, and its history goes no further than that', async () => {
    const { started, feed, after, clock } = await start()
    await feed.post(goal('a'))
    await after(10_500)
    await feed.post(goal('b'))
    const atMs = clock.now()
    using sdk = await new Sdk(started.wsUrl, { token: await userToken('alice') }).connect()
    const sub = sdk.subscribe(channel, { data: { delay: '10s' } })
    sub.subscription.subscribe()
    await sub.subscription.ready(5000)
    expect(JSON.stringify(sub.snapshot)).toContain('"id":"a"')
    expect(JSON.stringify(sub.snapshot)).not.toContain('"id":"b"')
    expect(JSON.stringify(await sub.subscription.history({ limit: 100 }))).not.toContain('"id":"b"')
    await until('the goal is there', () => sub.publications.some(({ data }) => JSON.stringify(data).includes('"id":"b"')))
    expect(clock.now() - atMs).toBeWithin(10_000, 16_000)
  }, 15_000)
})

describe('many who are behind', () => {
  test('[S12] channels that are added to a stream are as late as the others', async () => {
    const { feed, started, clock } = await start()
    const stream = new TimedStream(clock, `${started.url}/sse?channel=sports:league_north&delay=10s`)
    const { session } = await stream.opened()
    await feed.post(goal('a'))
    const atMs = clock.now()
    const change = await fetch(`${started.url}/sse/${session}/subscriptions`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ rev: 1, op: 'add', channels: [channel] }),
    })
    expect(change.status).toBe(200)
    await until('the change is there', () => stream.cameAtMs('"subscribe"'))
    expect(stream.texts.join()).not.toContain('"id":"a"')
    const cameAtMs = await until('the goal is there', () => stream.cameAtMs('"id":"a"'))
    expect(cameAtMs - atMs).toBeWithin(10_000, 16_000)
  }, 15_000)

  test('[S23] an edge serves them from what it keeps: one question upstream for a crowd, each publication once', async () => {
    const clock = hurried(times)
    let questions = 0
    let score = 0
    const central = await startServer(
      {
        node: { secret: 'a-secret-of-nodes-for-tests-of-32-bytes' },
        channel: {
          namespaces: [{ name: 'live', delivery: 'lanes', history_size: 100, history_ttl: '10m', force_recovery: true, delay_max: '60s' }],
        },
      },
      { clock },
    )
    endings.push(() => central[Symbol.asyncDispose]())
    central.server.authorize('live', () => {
      questions++
      return { forEveryone: true, data: () => ({ score }) }
    })
    const edge = await startBelow(central, { clock })
    endings.push(() => edge[Symbol.asyncDispose]())
    const follow = (delay: string) => new TimedStream(clock, `${edge.url}/sse?channel=live:1&delay=${delay}`)
    const crowd = Array.from({ length: 60 }, (_, index) => follow(index % 2 === 0 ? '10s' : '20s'))
    for (const viewer of crowd) await viewer.opened()
    // An answer serves for a second, which is a tenth of one here.
    expect(questions).toBeLessThanOrEqual(2 * Math.ceil((clock.now() - (crowd[0]?.atMs[0] ?? 0)) / 1000 + 2))
    expect(edge.node.hub.size).toBe(1)
    expect([...edge.node.hub.channels()].map(({ subscriptions, delayMs }) => [delayMs, subscriptions.length]).sort()).toEqual([
      [10_000, 30],
      [20_000, 30],
    ])
    for (score = 1; score <= 5; score++) await central.publish('live:1', { score })
    for (const viewer of crowd) await until('all is there', () => viewer.data('live:1').length === 5)
    for (const viewer of crowd) expect(viewer.data('live:1')).toEqual([1, 2, 3, 4, 5].map(score => ({ score })))
    await until('the central node has counted', () => (rowOf(central, central)?.relayed ?? 0) >= 5)
    expect(rowOf(central, central)?.relayed).toBe(5)
  }, 20_000)

  test('[S21] through an edge, and resumed on the node above it, a viewer sees everything once', async () => {
    const { started, feed, open, after, clock } = await start()
    const edge = await startBelow(started, { clock })
    endings.push(() => edge[Symbol.asyncDispose]())
    const below = open('&delay=10s', {}, edge)
    await below.opened()
    for (const id of ['a', 'b', 'c']) {
      await feed.post(goal(id))
      await after(2_000)
    }
    await until('the first is there', () => below.told.includes('a confirmed'))
    below[Symbol.dispose]()
    const above = open('&delay=10s', { 'Last-Event-ID': below.lastEventId })
    await above.opened()
    await feed.post(goal('d'))
    await until('the last is there', () => above.told.includes('d confirmed'))
    expect([...below.told, ...above.told]).toEqual(['a', 'b', 'c', 'd'].map(id => `${id} confirmed`))
    const late = open('&delay=10s', {}, edge)
    await late.opened()
    expect(snapshotOf(late)).toContain('"id":"d"')
  }, 20_000)

  test('[S23] a channel is occupied until the last viewer has left, whichever delay each has', async () => {
    const { started, open } = await start()
    const said: string[] = []
    for (const kind of ['channel_occupied', 'channel_vacated'] as const) {
      started.server.on(kind, event => void (event.channel === channel && said.push(kind)))
    }
    const [live, behind] = [open(''), open('&delay=10s')]
    await Promise.all([live.opened(), behind.opened()])
    live[Symbol.dispose]()
    await until('it has left', () => started.node.sessions.size === 1)
    await Bun.sleep(20)
    expect(said).toEqual(['channel_occupied'])
    behind[Symbol.dispose]()
    await until('it is said', () => said.length === 2)
    expect(said).toEqual(['channel_occupied', 'channel_vacated'])
  })

  test('[S12] a whole match, told nervously: every viewer ends with the same, however far behind, on whichever node', async () => {
    const { started, clock } = await start()
    const edge = await startBelow(started, { clock })
    endings.push(() => edge[Symbol.asyncDispose]())
    const random = seededRandom(5)
    const recording = recordTimeline(semi2014)
    const feed = new Feed(started.url, recording.id)
    await feed.put(recording.game)
    const places: readonly (readonly [TestServer, string])[] = [
      [started, '0s'],
      [started, '3s'],
      [started, '15s'],
      [edge, '3s'],
      [edge, '15s'],
    ]
    const viewers = places.map(([{ url }, delay]) => new Follower(url, recording.id, `&delay=${delay}`))
    for (const viewer of viewers) {
      endings.push(() => viewer[Symbol.dispose]())
      viewer.connect()
      await viewer.connected()
    }
    const late: Follower[] = []
    let version = 0
    const { events } = recording
    for (let from = 0; from < events.length; from++) {
      const batch = events.slice(from, from + 1)
      // Goals are given to the wrong side first, and taken back.
      for (const event of batch) {
        if (event.kind !== 'goal') continue
        await feed.post({ ...event, rev: 1, team: event.team === 'home' ? 'away' : 'home', state: 'provisional' })
        await feed.post({ id: event.id, rev: 2, state: 'deleted' })
      }
      version = (await feed.post(...batch.map(event => ({ ...event, rev: 9 })))).board.version
      if (random.next() < 0.25) {
        const place = places[Math.floor(random.next() * places.length)] ?? places[0]
        const viewer = new Follower(place?.[0].url ?? '', recording.id, `&delay=${place?.[1]}`)
        endings.push(() => viewer[Symbol.dispose]())
        viewer.connect()
        late.push(viewer)
      }
      const drops = viewers[Math.floor(random.next() * viewers.length * 3)]
      if (drops !== undefined) {
        drops.drop()
        drops.connect()
      }
      await Bun.sleep(40)
    }
    expect(late.length).toBeGreaterThan(3)
    const snapshot = await feed.get<{ board: { score: object }; events: { id: string; rev: number }[] }>('snapshot')
    expect(snapshot.board.score).toEqual({ home: 1, away: 7 })
    for (const viewer of [...viewers, ...late]) {
      await viewer.connected()
      await viewer.reaches(version)
      expect(viewer.faults).toEqual([])
      expect(viewer.view?.board).toEqual(snapshot.board as never)
      const shown = viewer.view?.events.filter(({ state }) => state !== 'deleted').map(({ id, rev }) => `${id} ${rev}`)
      expect(shown).toEqual(snapshot.events.map(({ id, rev }) => `${id} ${rev}`))
    }
  }, 30_000)
})
