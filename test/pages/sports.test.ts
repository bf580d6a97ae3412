import { expect, test } from 'bun:test'
import { sportsWith } from '../../src/services/sports/index.ts'
import { type GameMessage, gameMessageSchema, type Snapshot, snapshotSchema } from '../../src/services/sports/model/index.ts'
import { Folder, RawClient, startServer, type TestServer, until, userToken } from '../kit/index.ts'

/** Fast enough for a match to be over in ten seconds, slow enough that moments do not fall together. */
const speed = 1200
const channel = 'sports:game_arg-fra-2022'

/** What one reader of an event stream was told: the snapshot, then what the first event brought, then pushes. */
class Reader implements AsyncDisposable {
  snapshot: Snapshot | undefined
  recovered: boolean | undefined
  readonly messages: GameMessage[] = []
  lastEventId = ''
  readonly #abort = new AbortController()
  readonly #done: Promise<void>

  constructor(url: string, lastEventId = '') {
    this.#done = this.#read(url, lastEventId)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort()
    await this.#done
  }

  async #read(url: string, lastEventId: string): Promise<void> {
    const headers: Record<string, string> = lastEventId === '' ? {} : { 'Last-Event-ID': lastEventId }
    try {
      const response = await fetch(`${url}/sse?channel=${channel}`, { headers, signal: this.#abort.signal })
      let rest = ''
      for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        const events = (rest + chunk).split('\n\n')
        rest = events.pop() ?? ''
        for (const event of events) this.#take(event)
      }
    } catch (error) {
      // The end of the stream is what the test asked for, or what a server that went away looks like.
      if (!(error instanceof Error)) throw error
    }
  }

  #take(event: string): void {
    this.lastEventId = /^id: (.*)$/m.exec(event)?.[1] ?? this.lastEventId
    const text = /^data: (.*)$/m.exec(event)?.[1]
    if (text === undefined) return
    const { connect, batch, ...push } = JSON.parse(text)
    const sub = connect?.subs[channel]
    if (sub !== undefined) {
      this.snapshot = snapshotSchema.parse(sub.data)
      this.recovered = sub.recovered
    }
    for (const { data } of sub?.publications ?? []) this.messages.push(gameMessageSchema.parse(data))
    for (const { pub } of batch ?? [push]) if (pub !== undefined) this.messages.push(gameMessageSchema.parse(pub.data))
  }
}

async function startMatches(data: string): Promise<TestServer> {
  const started = await startServer({ data })
  await started.server.mount(sportsWith({ demo: { speed } }))
  return started
}

/** The urgent messages: from which version of the board to which, and what they brought. */
function urgent(messages: readonly GameMessage[]) {
  return messages.flatMap(message => (message.type === 'events' || message.type === 'snapshot' ? [message] : []))
}

/** That each update begins where the one before ended, or is the beginning of another run; and that no revision comes twice. */
function expectUnbroken(messages: readonly GameMessage[]): void {
  let version: number | undefined
  const seen = new Set<string>()
  for (const message of urgent(messages)) {
    if (message.type === 'snapshot') {
      if (version !== undefined) expect(message.snapshot.board.version).toBeGreaterThan(version)
      version = message.snapshot.board.version
      continue
    }
    if (version !== undefined) expect(message.since).toBe(version)
    version = message.board.version
    for (const { id, rev } of message.events) {
      const revision = `${message.run} ${id} ${rev}`
      expect(seen.has(revision)).toBe(false)
      seen.add(revision)
    }
  }
}

test('[W3] a restart continues the match: its readers get what fell into the down time, in order, once', async () => {
  using folder = new Folder()
  const first = await startMatches(folder.path)
  const before = new Reader(first.url)
  await until('five moments have been read', () => urgent(before.messages).length >= 5)
  await first[Symbol.asyncDispose]()
  await before[Symbol.asyncDispose]()

  await using second = await startMatches(folder.path)
  await using after = new Reader(second.url, before.lastEventId)
  await until('five more moments have been read', () => urgent(after.messages).length >= 5)
  expect(after.recovered).toBe(true)
  expectUnbroken([...before.messages, ...after.messages])
})

test('[W7] a newcomer gets the match so far as a snapshot, and then exactly what follows it', async () => {
  using folder = new Folder()
  await using started = await startMatches(folder.path)
  // Who comes at the end of a run is told of the next one.
  for (let isNext = true; isNext; ) {
    await using reader = new Reader(started.url)
    const events = await until('an update has been read', () => reader.messages.find(message => message.type === 'events'))
    if (events.type !== 'events') throw new Error('events were looked for')
    isNext = events.run !== reader.snapshot?.run
    if (!isNext) expect(events.since).toBe(reader.snapshot?.board.version ?? -1)
  }
})

test('[W7] statistics and commentary come on the low lanes, with the board always on the urgent one', async () => {
  using folder = new Folder()
  await using started = await startMatches(folder.path)
  await using reader = new Reader(started.url)
  const types = () => new Set<string>(reader.messages.map(message => message.type))
  await until('events, statistics and commentary have come', () => ['events', 'stats', 'text'].every(type => types().has(type)))
  for (const message of reader.messages) if (message.type === 'events') expect(message.board.version).toBeGreaterThan(0)
})

test('[W7] everyone may follow a match that exists, nobody one that does not, and nobody may publish', async () => {
  using folder = new Folder()
  await using started = await startMatches(folder.path)
  using client = await RawClient.connect(started.wsUrl, { token: await userToken('ada') })
  expect((await client.call({ subscribe: { channel } })).subscribe?.data).toMatchObject({ game: { id: 'arg-fra-2022' } })
  expect((await client.call({ subscribe: { channel: 'sports:game_unknown' } })).error?.code).toBe(103)
  expect((await client.call({ publish: { channel, data: {} } })).error?.code).toBe(103)
})

test('[S13] the board, the snapshot and the list of games are there over HTTP, and an unknown game is 404', async () => {
  using folder = new Folder()
  await using started = await startMatches(folder.path)
  const get = (path: string) => fetch(`${started.url}/sports/games${path}`)
  const [list, board, snapshot, unknown] = await Promise.all([
    get(''),
    get('/arg-fra-2022/board'),
    get('/arg-fra-2022/snapshot'),
    get('/nothing/board'),
  ])
  expect([list.status, board.status, snapshot.status, unknown.status]).toEqual([200, 200, 200, 404])
  expect(board.headers.get('cache-control')).toBe('public, max-age=1, stale-while-revalidate=5')
  expect(snapshotSchema.parse(await snapshot.json()).game.id).toBe('arg-fra-2022')
})
