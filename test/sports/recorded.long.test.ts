import { describe, expect, test } from 'bun:test'
import { between, type Random, seededRandom } from '../../src/kit/index.ts'
import type { Recording } from '../../src/services/sports/feeds/recording.ts'
import type { FedEvent } from '../../src/services/sports/model/index.ts'
import { type TestServer, until } from '../kit/index.ts'
import { Feed, startBelow, startSports } from './feed.ts'
import { Follower } from './follower.ts'
import { type Case, committed, recorded } from './recordings.ts'

/** Revisions of the recordings are spread, so that there is room before each for what a feed might have said first. */
const spread = 8

/**
 * The same match as a nervous feed would tell it: every event in some earlier, wrong revisions first, goals that never were and are deleted,
 * some of it before it is said, everything out of order and part of it twice.
 */
function nervous(recording: Recording, random: Random): FedEvent[] {
  const chance = (share: number) => random.next() < share
  const said: FedEvent[] = []
  for (const event of recording.events) {
    const last = (event.rev ?? 1) * spread
    said.push({ ...event, rev: last })
    if (event.kind === 'goal' || event.kind === 'card') {
      const earlier: FedEvent[] = [
        { ...event, rev: last - 5, state: 'provisional' },
        { ...event, rev: last - 4, state: 'overturned' },
        { ...event, rev: last - 3, team: event.team === 'home' ? 'away' : 'home' },
        { ...event, rev: last - 2, players: [{ name: 'Somebody Else' }] },
        { ...event, rev: last - 1, state: 'deleted' },
      ]
      said.push(...earlier.filter(() => chance(0.6)))
    } else if (chance(0.05)) said.push({ ...event, rev: last - 1 })
  }
  return [...said, ...ghosts(recording)]
}

/** Goals that were told by mistake: for each deletion of the recording one that it deletes, and two more. */
function ghosts({ id, events }: Recording): FedEvent[] {
  const deleted = events.filter(({ kind, state, id }) => kind === 'unknown' && state === 'deleted' && !id.endsWith(':text'))
  const own = [`${id}:ghost-1`, `${id}:ghost-2`]
  const goal = (id: string, minute: number, team: 'home' | 'away'): FedEvent => ({
    id,
    rev: 1,
    kind: 'goal',
    period: 'first_half',
    clock: { min: minute },
    team,
    state: 'provisional',
    players: [{ name: 'Nobody' }],
  })
  return [
    ...[...deleted.map(({ id }) => id), ...own].map((id, index) => goal(id, 5 + index, index % 2 === 0 ? 'home' : 'away')),
    ...own.map((id): FedEvent => ({ id, rev: 2, kind: 'unknown', state: 'deleted' })),
  ]
}

/** Deletions come late as a rule and now and then before what they delete; everything else by and large in its time, but shuffled. */
function shuffled(said: readonly FedEvent[], random: Random): FedEvent[] {
  const placed = said.map((event, index) => {
    const place = index / said.length
    const late = event.state === 'deleted' ? (random.next() < 0.2 ? -0.5 : 0.5) : 0
    return { event, at: place + late + (random.next() - 0.5) * 0.4 }
  })
  const order = placed.toSorted((a, b) => a.at - b.at).map(({ event }) => event)
  return order.flatMap(event => (random.next() < 0.1 ? [event, event] : [event]))
}

/** Tells a match over HTTP to four viewers: one from before it, one that drops and resumes, one that comes in the middle, one at the end. */
async function play(
  started: TestServer,
  { recording: open, score }: Case,
  seed: number,
  screens: readonly TestServer[] = [started, started, started, started],
): Promise<void> {
  const random = seededRandom(seed)
  const recording = open()
  const feed = new Feed(started.url, recording.id)
  expect((await feed.put(recording.game)).status).toBe(201)
  const said = shuffled(nervous(recording, random), random)
  const followerAt = (screen: number) => new Follower((screens[screen] ?? started).url, recording.id)
  using steady = followerAt(0)
  using dropping = followerAt(1)
  using late = followerAt(2)
  using last = followerAt(3)
  steady.connect()
  dropping.connect()
  await steady.connected()
  await dropping.connected()
  let version = 0
  for (let from = 0; from < said.length; ) {
    const size = between(random, 1, 10)
    const before = from / said.length
    version = (await feed.post(...said.slice(from, from + size))).board.version
    from += size
    const after = from / said.length
    const passes = (share: number) => before < share && after >= share
    if (passes(0.3)) dropping.drop()
    if (passes(0.5)) late.connect()
    if (passes(0.6)) dropping.connect()
  }
  last.connect()
  const viewers = [steady, dropping, late, last]
  for (const viewer of viewers) {
    await viewer.connected()
    await viewer.reaches(version)
    expect(viewer.faults).toEqual([])
    expect(viewer.view?.board).toMatchObject({ score: score(), status: 'finished' })
  }
  const { events, stats } = await feed.get<{ events: { id: string; rev: number }[]; stats: object }>('snapshot')
  for (const { view } of viewers) {
    const shown = view?.events.filter(({ state }) => state !== 'deleted').map(({ id, rev }) => `${id} ${rev}`)
    expect(shown).toEqual(events.map(({ id, rev }) => `${id} ${rev}`))
  }
  // Statistics come within a second, also to who was given a snapshot that an edge had kept.
  await until('the last viewer has the statistics', () => {
    last.read()
    return Bun.deepEquals(last.view?.stats, stats)
  })
  expect(steady.updates).toBeGreaterThan(5)
}

describe('recorded matches', () => {
  test.each(recorded)(
    '[S2] $name: told out of order, corrected and with deletions that come late or early, it ends as it ended, on every screen',
    async one => {
      await using started = await startSports()
      await play(started, one, one.name.length)
    },
  )

  test('[S3, S18] all at once through a tree of nodes, each with other luck, they end as they ended', async () => {
    await using started = await startSports()
    await using regional = await startBelow(started)
    await using edge = await startBelow(regional)
    await using another = await startBelow(regional)
    const all = [...recorded, ...committed]
    await Promise.all(all.map((one, index) => play(started, one, 1000 + index, [edge, another, regional, edge])))
    const { games } = (await (await fetch(`${started.url}/sports/games`)).json()) as { games: object[] }
    expect(games).toHaveLength(all.length)
  })
})

test.each(committed)(
  '[S2] $name: told out of order, corrected and with deletions that come late or early, it ends as it ended, on every screen',
  async one => {
    await using started = await startSports()
    await using edge = await startBelow(started)
    const screens = [edge, edge, started, edge]
    for (const seed of [1, 2]) await play(started, { ...one, recording: () => ({ ...one.recording(), id: `m${seed}` }) }, seed, screens)
  },
)
