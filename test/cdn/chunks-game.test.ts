import { expect, test } from 'bun:test'
import { sportsWith } from '../../src/services/sports/index.ts'
import { gameMessageSchema, snapshotSchema } from '../../src/services/sports/model/index.ts'
import { applyMessage, hasGapBefore, joinSnapshot, type MatchView } from '../../src/services/sports/web/match-view.ts'
import { startServer, until } from '../kit/index.ts'
import { hurried } from '../kit/servers/tree.ts'
import { Feed, goal } from '../sports/feed.ts'

/** A viewer who has nothing but GET: the snapshot, then one chunk after the other. */
class ChunkFollower {
  view: MatchView | undefined
  gaps = 0
  #offset = 0
  #next = ''
  #isOver = false

  constructor(readonly url: string) {}

  async start(): Promise<void> {
    const latest = (await (await fetch(`${this.url}/sports/games/g1/latest`)).json()) as Latest
    this.view = joinSnapshot(undefined, snapshotSchema.parse(latest.snapshot))
    this.#offset = latest.offset
    this.#next = latest.next
    void this.#follow()
  }

  stop(): void {
    this.#isOver = true
  }

  async #follow(): Promise<void> {
    while (!this.#isOver) {
      const response = await fetch(`${this.url}${this.#next}`).catch((error: unknown) => this.#lost(error))
      if (response?.status !== 200) continue
      const { next, publications } = (await response.json()) as ChunkBody
      for (const { offset, data } of publications) if (offset > this.#offset) this.#take(offset, data)
      this.#next = next
    }
  }

  /** A server that ends with the test cuts the question that is on its way. */
  #lost(error: unknown): undefined {
    if (!this.#isOver) throw error
  }

  #take(offset: number, data: unknown): void {
    this.#offset = offset
    const message = gameMessageSchema.parse(data)
    if (this.view === undefined) return
    if (hasGapBefore(this.view, message)) this.gaps++
    this.view = applyMessage(this.view, message)
  }
}

interface Latest {
  readonly offset: number
  readonly next: string
  readonly snapshot: unknown
}

interface ChunkBody {
  readonly next: string
  readonly publications: readonly { readonly offset: number; readonly data: unknown }[]
}

test('[S13][S15] who follows a match by its chunks alone, from the start or from the middle, shows what a live viewer shows', async () => {
  await using started = await startServer({}, { clock: hurried(4) })
  await started.server.mount(sportsWith())
  const feed = new Feed(started.url, 'g1')
  await feed.put({ home: 'Reds', away: 'Blues' })
  const early = new ChunkFollower(started.url)
  await early.start()
  await feed.post(goal('a'), goal('b', { team: 'away' }))
  await feed.post({ id: 'v', kind: 'var_start', ref: 'b' })
  const late = new ChunkFollower(started.url)
  await late.start()
  // The review takes the goal back, another is deleted, one is given to the other side, and a deletion comes before its goal.
  await feed.post(
    { id: 'w', kind: 'var_end', ref: 'b', data: { outcome: 'no_goal' } },
    goal('b', { team: 'away', rev: 2, state: 'overturned' }),
  )
  await feed.post({ id: 'd', rev: 9, state: 'deleted' })
  for (let n = 0; n < 25; n++) await feed.post(goal(`c${n}`, { clock: { min: 20 + n } }))
  await feed.post({ id: 'c3', rev: 2, state: 'deleted' }, goal('c4', { rev: 2, team: 'away', clock: { min: 24 } }), goal('d'))
  const { board } = await feed.get<{ board: { version: number; score: object } }>('board')
  for (const follower of [early, late]) await until('the last chunk is there', () => follower.view?.board.version === board.version)
  expect(board.score).toEqual({ home: 24, away: 1 })
  for (const { view, gaps } of [early, late]) {
    expect(view?.board).toEqual(board as never)
    expect(gaps).toBe(0)
  }
  early.stop()
  late.stop()
})
