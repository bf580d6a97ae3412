import { describe, expect, test } from 'bun:test'
import type { PublishOptions } from '../../src/hub/index.ts'
import type { Json } from '../../src/kit/index.ts'
import { defineService } from '../../src/server/index.ts'
import { type GameMessage, type LeagueMessage, snapshotSchema } from '../../src/services/sports/model/index.ts'
import { sportsNamespace } from '../../src/services/sports/namespace.ts'
import { startSports as startOn } from '../../src/services/sports/service.ts'
import { sportsTables } from '../../src/services/sports/store.ts'
import { apiKey, FetchedStream, Folder, startServer, until } from '../kit/index.ts'
import { Feed, goal, startSports } from './feed.ts'
import { Follower } from './follower.ts'

const game = { home: 'Reds', away: 'Blues', league: 'north', competition: 'Northern League' }

async function startGame() {
  const started = await startSports()
  const feed = new Feed(started.url, 'g1')
  await feed.put(game)
  return { started, feed, [Symbol.asyncDispose]: () => started[Symbol.asyncDispose]() }
}

describe('a game', () => {
  test('[G10] is there after it was put, with what was left out made up; putting it again changes it, and its events stay', async () => {
    await using started = await startSports()
    const feed = new Feed(started.url, 'g1')
    const made = await feed.put(game)
    expect([made.status, await made.json()]).toEqual([
      201,
      { game: expect.objectContaining({ id: 'g1', home: expect.objectContaining({ id: 'reds', code: 'RED', name: 'Reds' }) }) },
    ])
    await feed.post(goal('a'))
    const again = await feed.put({
      ...game,
      venue: 'Hill Road',
      home: { name: 'Reds', code: 'RDS', coach: 'Sir', lineup: [{ name: 'One', number: 1 }] },
    })
    expect(again.status).toBe(200)
    expect(await feed.get<object>('snapshot')).toMatchObject({
      game: { venue: 'Hill Road', home: { code: 'RDS', lineup: [{ number: 1 }] } },
      board: { score: { home: 1, away: 0 } },
    })
  })

  test('[G10] the same description again is told to nobody', async () => {
    await using one = await startGame()
    using viewer = new Follower(one.started.url, 'g1')
    viewer.connect()
    await viewer.connected()
    expect((await one.feed.put(game)).status).toBe(200)
    await one.feed.post(goal('a'))
    await viewer.reaches(1)
    expect([viewer.updates, viewer.faults]).toEqual([1, []])
  })

  test.each([
    [{ home: 'Reds' }, 'away: expected a name, or an object with a name'],
    [{ ...game, home: { name: '' } }, 'home.name: '],
    [{ ...game, home: 7 }, 'home: expected a name, or an object with a name'],
    [{ ...game, rate: 0 }, 'rate: '],
    [{ ...game, date: 'tomorrow' }, 'date: '],
    [{ ...game, stadium: 'Hill Road' }, 'Unrecognized key: "stadium"'],
    [[], 'expected object'],
  ])('[G10] %o is refused with the path of what is wrong', async (body, reason) => {
    await using started = await startSports()
    const response = await new Feed(started.url, 'g1').put(body)
    expect(response.status).toBe(400)
    expect(await response.text()).toContain(reason.replaceAll('"', '\\"'))
  })

  test('[G10] an id that could not stand in a channel name is refused, and only the holder of the API key may put', async () => {
    await using started = await startSports()
    expect((await new Feed(started.url, 'a%20b').put(game)).status).toBe(400)
    const stranger = await fetch(`${started.url}/sports/games/g1`, { method: 'PUT', body: JSON.stringify(game) })
    expect(stranger.status).toBe(401)
    expect((await fetch(`${started.url}/sports/games`)).status).toBe(200)
  })
})

describe('a batch of events', () => {
  test('[S2, G39] is taken once, however often it is sent: the answer says what changed', async () => {
    await using one = await startGame()
    const first = await one.feed.post(goal('a'), goal('b', { team: 'away' }))
    expect(first).toMatchObject({ accepted: 2, changed: 2, board: { version: 1, score: { home: 1, away: 1 } } })
    expect(first.offset).toBeGreaterThan(0)
    expect(await one.feed.post(goal('a'), goal('b', { team: 'away' }))).toEqual({ ...first, changed: 0, offset: 0 })
    expect(await one.feed.post(goal('a', { team: 'away' }), goal('b', { team: 'away' }))).toMatchObject({ changed: 0, conflicts: ['a'] })
    expect(await one.feed.post({ id: 'a', rev: 2, state: 'deleted' })).toMatchObject({ changed: 1, board: { score: { home: 0, away: 1 } } })
  })

  test.each([
    [{ events: [goal('a'), goal('b'), goal('c'), goal('d', { clock: { min: -1 } })] }, 'events[3].clock.min: '],
    [{ events: [goal('a'), { id: 'x', kind: 'gaol' }] }, 'events[1].kind: '],
    [{ events: [goal('a', { team: 'reds' })] }, 'events[0].team: '],
    [{ events: [goal('a', { plyers: [] })] }, 'events[0]: Unrecognized key: "plyers"'],
    [{ events: [goal('a', { data: { how: 'hand' } })] }, 'events[0].data.how: '],
    [{ events: [goal('a', { rev: 1.5 })] }, 'events[0].rev: '],
    [{ events: [goal('')] }, 'events[0].id: '],
    [{ events: [goal('a'), null] }, 'events[1]: expected an object'],
    [{ events: [{ id: 'a', state: 'deleted' }] }, 'events[0].rev: '],
    [{ events: [goal('a', { match: 'another' })] }, 'events[0].match: expected "g1"'],
    [[goal('a', { period: 'overtime' })], '[0].period: '],
    [{ events: Array.from({ length: 1001 }, (_, index) => goal(`g${index}`)) }, 'events: Too big'],
    [{ event: [] }, 'events: '],
    ['goal', 'expected object'],
  ])('[G11] one that is wrong anywhere is refused as a whole, with the path: case %#', async (body, reason) => {
    await using one = await startGame()
    expect(await one.feed.refused(body)).toStartWith('400 ')
    expect(await one.feed.refused(body)).toContain(reason)
    expect(await one.feed.get<object>('board')).toMatchObject({ board: { version: 0, score: { home: 0, away: 0 } } })
    expect(await one.feed.get<object>('events')).toEqual({ events: [] })
  })

  test('[G39] a player without a name refuses nothing', async () => {
    await using one = await startGame()
    const players = [{ number: 9 }, { name: null }, { id: 'p3', name: '' }]
    expect(await one.feed.post(goal('a', { players }), goal('b'))).toMatchObject({ changed: 2, board: { score: { home: 2 } } })
    const { events } = await one.feed.get<{ events: { id: string; players: object[] }[] }>('events')
    expect(events.find(({ id }) => id === 'a')?.players).toMatchObject([{ number: 9, name: 'Unknown player' }, {}, { id: 'p3' }])
  })

  test('[G11] it needs the API key and a game that is known, and a body that is JSON', async () => {
    await using one = await startGame()
    expect((await one.feed.request({ events: [] }, {})).status).toBe(401)
    expect((await one.feed.request({ events: [] }, { 'X-API-Key': 'guess' })).status).toBe(401)
    expect(await new Feed(one.started.url, 'g2').refused({ events: [] })).toContain('404 not_found')
    const headers = { 'X-API-Key': apiKey }
    const broken = await fetch(`${one.started.url}/sports/games/g1/events`, { method: 'POST', headers, body: '{"events":[' })
    expect(broken.status).toBe(400)
    expect(await one.feed.post()).toMatchObject({ accepted: 0, changed: 0 })
  })

  test('[S1] what a feed leaves out is filled in, and what it says is told on as it is', async () => {
    await using one = await startGame()
    await one.feed.post({ ...goal('a', { xy: [88.5, 50], ref: 'x', match: 'g1' }), tIngest: 5 })
    const { events } = await one.feed.get<{ events: object[] }>('events')
    expect(events).toEqual([
      {
        ...goal('a', { xy: [88.5, 50], ref: 'x' }),
        clock: { min: 10, sec: 0 },
        rev: 1,
        seq: 1,
        state: 'confirmed',
        data: { how: 'play' },
        tEvent: expect.any(Number),
        tIngest: expect.any(Number),
      },
    ])
  })
})

describe('what viewers get', () => {
  const messagesOf = (stream: FetchedStream, channel: string) => stream.data(channel) as GameMessage[]

  test('[S10] all events of one moment and the board that follows come in one update, at once', async () => {
    await using one = await startGame()
    using stream = new FetchedStream(`${one.started.url}/sse?channel=sports:game_g1`)
    await stream.opened()
    await one.feed.post({ id: 'k', kind: 'period_start', period: 'first_half' })
    await one.feed.post(
      goal('a', { state: 'provisional' }),
      { id: 'v', kind: 'var_start', ref: 'a' },
      { id: 't', kind: 'added_time', period: 'first_half', data: { minutes: 3 } },
      { id: 'c', kind: 'commentary', data: { text: 'What a goal!' } },
      { id: 's', kind: 'shot', period: 'first_half', team: 'away', data: { outcome: 'saved' } },
    )
    await until('the text has come', () => messagesOf(stream, 'sports:game_g1').some(({ type }) => type === 'text'))
    const messages = messagesOf(stream, 'sports:game_g1')
    const urgent = messages.filter(({ type }) => type === 'events')
    expect(urgent).toHaveLength(2)
    expect(urgent[1]).toMatchObject({
      since: 1,
      events: [{ id: 't' }, { id: 'a' }, { id: 'v' }],
      board: { version: 2, score: { home: 1 }, review: { ref: 'a' }, added: { minutes: 3 }, clock: { running: true } },
    })
    expect(messages.filter(({ type }) => type === 'stats').at(-1)).toMatchObject({ stats: { shots: { home: 1, away: 1 } } })
    expect(messages.filter(({ type }) => type === 'text')).toMatchObject([{ line: { data: { text: 'What a goal!' } } }])
  })

  test('[S5] a goal, its review, and the decision: viewers see it given, under review, and gone', async () => {
    await using one = await startGame()
    using viewer = new Follower(one.started.url, 'g1')
    viewer.connect()
    await viewer.connected()
    const shown = async (...events: object[]) => {
      await viewer.reaches((await one.feed.post(...events)).board.version)
      const { score, review } = viewer.view?.board ?? {}
      return [score?.home, review?.ref]
    }
    expect(await shown(goal('a', { state: 'provisional' }))).toEqual([1, undefined])
    expect(await shown({ id: 'v1', kind: 'var_start', ref: 'a' })).toEqual([1, 'a'])
    const overturned = goal('a', { rev: 2, state: 'overturned' })
    expect(await shown({ id: 'v2', kind: 'var_end', ref: 'a', data: { outcome: 'no_goal' } }, overturned)).toEqual([0, undefined])
    expect(await shown(goal('a', { rev: 3 }))).toEqual([1, undefined])
    expect(viewer.faults).toEqual([])
  })

  test('[S11] boards are told to the league, to both teams and to everyone who follows all games, at most once a second each', async () => {
    await using one = await startGame()
    const channels = ['sports:league_north', 'sports:league_all', 'sports:team_reds', 'sports:team_blues', 'sports:team_greens']
    using stream = new FetchedStream(`${one.started.url}/sse?${channels.map(channel => `channel=${channel}`).join('&')}`)
    const { subs } = await stream.opened()
    expect(channels.map(channel => Object(subs[channel]?.data).games.length)).toEqual([1, 1, 1, 1, 0])
    for (let count = 1; count <= 20; count++) await one.feed.post(goal(`a${count}`))
    const boards = (channel: string) =>
      (stream.data(channel) as LeagueMessage[]).flatMap(message => (message.type === 'board' ? [message.board.score.home] : []))
    await until('the last score has come', () => channels.slice(0, 4).every(channel => boards(channel).includes(20)))
    for (const channel of channels) expect(boards(channel).length).toBeLessThan(5)
    expect(boards('sports:team_greens')).toEqual([])
  })

  test('[S11] a game that is new, or described anew, is told to those who follow its league', async () => {
    await using one = await startGame()
    using stream = new FetchedStream(`${one.started.url}/sse?channel=sports:league_north`)
    await stream.opened()
    await new Feed(one.started.url, 'g2').put({ ...game, home: 'Greens' })
    await until('the new game was told', () =>
      (stream.data('sports:league_north') as LeagueMessage[]).some(message => message.type === 'game' && message.game.id === 'g2'),
    )
  })

  test('[G12] a large change goes out in parts, each with the board that holds at the end', async () => {
    await using one = await startGame()
    using stream = new FetchedStream(`${one.started.url}/sse?channel=sports:game_g1`)
    await stream.opened()
    await one.feed.post(...Array.from({ length: 120 }, (_, index) => goal(`a${index}`, { clock: { min: index % 45 } })))
    const parts = await until('all parts have come', () => {
      const events = messagesOf(stream, 'sports:game_g1').flatMap(message => (message.type === 'events' ? [message] : []))
      return events.length === 3 ? events : undefined
    })
    expect(parts.map(({ since, board, events }) => [since, board.version, board.score.home, events.length])).toEqual([
      [0, 1, 120, 50],
      [0, 1, 120, 50],
      [0, 1, 120, 20],
    ])
  })

  test('[S9] commentary is paged, newest last', async () => {
    await using one = await startGame()
    const line = (minute: number) => ({
      id: `l${minute}`,
      kind: 'commentary',
      period: 'first_half',
      clock: { min: minute },
      data: { text: `${minute}` },
    })
    await one.feed.post(...Array.from({ length: 30 }, (_, minute) => line(minute)), { id: 'l29', rev: 2, state: 'deleted' })
    type Page = { lines: { id: string }[]; more: boolean }
    const newest = await one.feed.get<Page>('commentary?limit=10')
    expect([newest.lines[0]?.id, newest.lines.at(-1)?.id, newest.more]).toEqual(['l19', 'l28', true])
    const before = await one.feed.get<Page>('commentary?before=l19&limit=50')
    expect([before.lines[0]?.id, before.lines.at(-1)?.id, before.more]).toEqual(['l0', 'l18', false])
    expect((await fetch(`${one.started.url}/sports/games/g1/commentary?limit=0`)).status).toBe(400)
  })
})

describe('two feeds', () => {
  test('[S7] tell of one match over HTTP; the one that fails is replaced, and its return announces nothing', async () => {
    await using one = await startGame()
    await one.feed.put({ ...game, sources: ['a', 'b'] })
    const { url } = one.started
    const [first, second] = [new Feed(url, 'g1', 'a'), new Feed(url, 'g1', 'b')]
    using viewer = new Follower(url, 'g1')
    viewer.connect()
    await viewer.connected()
    const said = Array.from({ length: 10 }, (_, index) =>
      goal(`a${index}`, { clock: { min: index * 4 }, players: [{ name: `P. Layer${index}` }] }),
    )
    await first.post(...said.slice(0, 8))
    const same = said.map((event, index) => ({ ...event, id: `b${index}`, players: [{ name: `Layer${index}` }] }))
    expect(await second.post(...same)).toMatchObject({ changed: 2, board: { score: { home: 10 } } })
    expect(await first.post(...said)).toMatchObject({ changed: 2, board: { score: { home: 10 } } })
    expect(await first.post(...said)).toMatchObject({ changed: 0 })
    await viewer.reaches(3)
    expect(viewer.view?.events).toHaveLength(10)
    expect(viewer.faults).toEqual([])
  })
})

describe('a restart', () => {
  test('[S8] finished games are still there, can be corrected, and nothing is announced twice', async () => {
    using folder = new Folder()
    const first = await startSports(folder.path)
    const feed = new Feed(first.url, 'g1')
    await feed.put(game)
    await feed.post(goal('a'), goal('b'), { id: 'f', kind: 'status', data: { status: 'finished' } })
    const before = new FetchedStream(`${first.url}/sse?channel=sports:game_g1`)
    await before.opened()
    const id = before.lastEventId
    before[Symbol.dispose]()
    await first[Symbol.asyncDispose]()

    await using second = await startSports(folder.path)
    using after = new FetchedStream(`${second.url}/sse?channel=sports:game_g1`, { 'Last-Event-ID': id })
    expect((await after.opened()).subs['sports:game_g1']).toMatchObject({ recovered: true, publications: [] })
    const again = new Feed(second.url, 'g1')
    expect(await again.post(goal('a'), goal('b'))).toMatchObject({ changed: 0 })
    expect(await again.post(goal('a', { rev: 2, state: 'overturned' }))).toMatchObject({
      board: { status: 'finished', score: { home: 1 } },
    })
    const [update] = await until('the correction has come', () => {
      const data = after.data('sports:game_g1') as GameMessage[]
      return data.length > 0 ? data : undefined
    })
    expect(update).toMatchObject({ type: 'events', since: 1, events: [{ id: 'a', state: 'overturned' }] })
  })

  test('[G13] what was kept but not told when the process ended is told by the next, once', async () => {
    using folder = new Folder()
    const first = await startServer({ data: folder.path })
    let isAway = false
    await first.server.mount(
      defineService({
        name: 'sports',
        namespaces: [sportsNamespace],
        migrations: sportsTables,
        start: host =>
          startOn(
            {
              ...host,
              // A broker that is gone from one moment on.
              publish: (channel: string, data: Json, options?: PublishOptions) =>
                isAway ? Promise.reject(new Error('the broker is away')) : host.publish(channel, data, options),
            },
            {},
          ),
      }),
    )
    const feed = new Feed(first.url, 'g1')
    await feed.put(game)
    await feed.post(goal('a'))
    isAway = true
    expect((await feed.request({ events: [goal('b')] })).status).toBe(500)
    await first[Symbol.asyncDispose]()

    await using second = await startSports(folder.path)
    const history = await second.server.history('sports:game_g1', { limit: -1 })
    const updates = history.publications.map(({ data }) => data as GameMessage).filter(({ type }) => type === 'events')
    expect(updates.map(update => update.type === 'events' && update.events.map(({ id }) => id))).toEqual([['a'], ['b']])
    expect((await new Feed(second.url, 'g1').post(goal('b'))).changed).toBe(0)
  })

  test('[S15] who polls chunks from a snapshot on sees what who listens sees', async () => {
    await using one = await startGame()
    const latest = (await one.feed.get('latest')) as { next: string; snapshot: { board: { score: object } } }
    expect(latest.snapshot.board.score).toEqual({ home: 0, away: 0 })
    const waiting = fetch(one.started.url + latest.next)
    await one.feed.post(goal('a'), goal('b'))
    await one.feed.post({ id: 'b', rev: 2, state: 'deleted' })
    const chunk = (await (await waiting).json()) as { publications: { data: GameMessage }[] }
    expect(chunk.publications.flatMap(({ data }) => (data.type === 'events' ? [data.board.score] : []))).toEqual([
      { home: 2, away: 0 },
      { home: 1, away: 0 },
    ])
  })

  test('[S13] snapshots are whole: another server could go on from one', async () => {
    await using one = await startGame()
    await one.feed.post(goal('a'))
    expect(snapshotSchema.parse(await one.feed.get('snapshot'))).toMatchObject({ board: { version: 1 }, events: [{ id: 'a' }] })
  })
})
