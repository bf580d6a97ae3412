import { describe, expect, test } from 'bun:test'
import { ExampleServer, FetchedStream, places, Sdk, sampleText, until, userToken } from '../kit/index.ts'
import { Feed, goal, startBelow, startSports } from './feed.ts'

interface Board {
  readonly score: { readonly home: number; readonly away: number }
}

/** The score as the shortest client keeps it: the state that it is given, then the boards of publications. */
function scoreOn({ events, pushes }: FetchedStream, channel: string): number | undefined {
  const state = events[0]?.data.connect?.subs[channel]?.data as { readonly board: Board } | undefined
  const boards = pushes.flatMap(({ pub }) => (pub?.data as { readonly board?: Board } | null)?.board ?? [])
  return (boards.at(-1) ?? state?.board)?.score.home
}

describe('newcomers below a relay', () => {
  test('[S25] whoever comes right after a goal is given one state and its place, and what came after it follows as publications', async () => {
    await using started = await startSports()
    await using edge = await startBelow(started)
    const feed = new Feed(started.url, 'm1')
    await feed.put({ home: 'Reds', away: 'Blues' })
    const channel = 'sports:game_m1'
    const open = (url: string) => new FetchedStream(`${url}/sse?channel=${encodeURIComponent(channel)}`)
    using steady = open(edge.url)
    await steady.opened()
    for (let goals = 1; goals <= 12; goals++) {
      // The edge keeps the state of this one for a while, and the goal makes it old.
      using before = open(edge.url)
      await before.opened()
      await feed.post(goal(`g${goals}`, { clock: { min: goals } }))
      await until('the goal is at the edge', () => scoreOn(steady, channel) === goals)
      using newcomer = open(edge.url)
      const { subs } = await newcomer.opened()
      expect(subs[channel]).not.toHaveProperty('publications')
      await until(`the newcomer has goal ${goals}`, () => scoreOn(newcomer, channel) === goals)
    }
  })

  test('[S25] the SDK is told the place of the state, and then everything after it', async () => {
    await using started = await startSports()
    await using edge = await startBelow(started)
    const feed = new Feed(started.url, 'm1')
    await feed.put({ home: 'Reds', away: 'Blues' })
    const scores: number[][] = []
    const clients: Sdk[] = []
    for (let goals = 1; goals <= 5; goals++) {
      const client = await new Sdk(`${edge.url.replace('http', 'ws')}/connection/websocket`, { token: await userToken('ada') }).connect()
      clients.push(client)
      const subscription = client.client.newSubscription('sports:game_m1')
      const seen: number[] = []
      scores.push(seen)
      subscription.on('subscribed', ({ data }) => seen.push((data as { board: Board }).board.score.home))
      subscription.on('publication', ({ data }) =>
        seen.push(...((data as { board?: Board } | null)?.board === undefined ? [] : [data.board.score.home])),
      )
      subscription.subscribe()
      await until('it is subscribed', () => seen.length > 0)
      await feed.post(goal(`g${goals}`, { clock: { min: goals } }))
      await until('all have the goal', () => scores.every(one => one.at(-1) === goals))
      for (const one of scores) expect(one).toEqual(one.toSorted((a, b) => a - b))
    }
    for (const client of clients) client[Symbol.dispose]()
  })
})

test.each(places)(
  '[S25] who comes to %s the moment a goal is told has it, by the state that comes first or by what follows',
  async place => {
    await using started = await ExampleServer.start(place, ['--demo', 'off'])
    const feed = new Feed(started.centralUrl, 'm1', undefined, started.key)
    await feed.put({ home: 'Reds', away: 'Blues' })
    const channel = 'sports:game_m1'
    const open = () => new FetchedStream(`${started.url}/sse?channel=${encodeURIComponent(channel)}`)
    for (let goals = 1; goals <= 10; goals++) {
      // Some come before the goal, so that nodes keep a state that it makes old; some while it is told, and some right after.
      const before = [open(), open()]
      await Promise.all(before.map(stream => stream.opened()))
      const telling = feed.post(goal(`g${goals}`, { clock: { min: goals } }))
      const during = [open(), open(), open()]
      await telling
      const streams = [...before, ...during, open(), open(), open()]
      await until(`all have goal ${goals}`, () => streams.every(stream => scoreOn(stream, channel) === goals))
      for (const stream of streams) {
        const { subs } = await stream.opened()
        expect(Object.keys(subs[channel] ?? {})).not.toContain('publications')
        stream[Symbol.dispose]()
      }
    }
  },
)

test('[S26] the documented EventSource client passes over a removal', () => {
  const score = { textContent: '' }
  const streams: { onmessage?: (event: { data: string }) => void }[] = []
  const EventSource = function (this: (typeof streams)[number]) {
    streams.push(this)
  }
  const script = /<script>([\s\S]*)<\/script>/.exec(sampleText('score.html', 'http://localhost:7400'))?.[1] ?? ''
  new Function('EventSource', 'score', script)(EventSource, score)
  const hear = (message: object) => streams[0]?.onmessage?.({ data: JSON.stringify(message) })
  const board = (home: number) => ({ board: { score: { home, away: 0 } } })
  hear({ connect: { subs: { 'sports:game_arg-fra-2022': { data: board(1) } } } })
  hear({ pub: { data: null, key: 'clock', removed: true } })
  expect(score.textContent).toBe('1 : 0')
  hear({ batch: [{ pub: { data: null, key: 'clock', removed: true } }, { pub: { data: board(2) } }] })
  expect(score.textContent).toBe('2 : 0')
})
