import { afterEach, describe, expect, test } from 'bun:test'
import { seededRandom } from '../../src/kit/index.ts'
import { recordTimeline } from '../../src/services/sports/feeds/timeline.ts'
import { semi2014 } from '../../src/services/sports/timelines/index.ts'
import { startServer, type TestServer, until } from '../kit/index.ts'
import { atEnd, endAll, hurried, rowOf } from '../kit/servers/tree.ts'
import { Feed, goal, startBelow } from './feed.ts'
import { Follower } from './follower.ts'
import { channel, snapshotOf, startGame, TimedStream, times } from './timed-stream.ts'

afterEach(endAll)

describe('many who are behind', () => {
  test('[S12] channels that are added to a stream are as late as the others', async () => {
    const { feed, started, clock } = await startGame()
    const stream = new TimedStream(clock, `${started.url}/sse?channel=sports:league_north&delay=10s`)
    const { session } = await stream.opened()
    const atMs = clock.now()
    await feed.post(goal('a'))
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
  })

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
    atEnd(() => central[Symbol.asyncDispose]())
    const decide = () => {
      questions++
      return { forEveryone: true, data: () => ({ score }) }
    }
    central.server.authorize('live', decide, { anonymous: true })
    const edge = await startBelow(central, { clock })
    atEnd(() => edge[Symbol.asyncDispose]())
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
  })

  test('[S21] through an edge, and resumed on the node above it, a viewer sees everything once', async () => {
    const { started, feed, open, after, clock } = await startGame()
    const edge = await startBelow(started, { clock })
    atEnd(() => edge[Symbol.asyncDispose]())
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
  })

  test('[S23] a channel is occupied until the last viewer has left, whichever delay each has', async () => {
    const { started, open } = await startGame()
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
    const { started, clock } = await startGame()
    const edge = await startBelow(started, { clock })
    atEnd(() => edge[Symbol.asyncDispose]())
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
      atEnd(() => viewer[Symbol.dispose]())
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
        atEnd(() => viewer[Symbol.dispose]())
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
  })
})
