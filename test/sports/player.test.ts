import { describe, expect, test } from 'bun:test'
import { SimClock } from '../../sim/core/clock.ts'
import type { Json } from '../../src/kit/index.ts'
import { type Pace, RecordingPlayer } from '../../src/services/sports/feeds/player.ts'
import { momentsOf, type Recording } from '../../src/services/sports/feeds/recording.ts'
import { recordTimeline } from '../../src/services/sports/feeds/timeline.ts'
import { Games } from '../../src/services/sports/games.ts'
import type { GameMessage } from '../../src/services/sports/model/index.ts'
import { reduceBoard, secondsAt } from '../../src/services/sports/model/index.ts'
import { SportsStore, sportsTables } from '../../src/services/sports/store.ts'
import { final2022, semi2014 } from '../../src/services/sports/timelines/index.ts'
import { Folder } from '../kit/index.ts'
import { type StandaloneHost, serviceHost } from '../kit/service-host.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {} }
const final = recordTimeline(final2022)
const speed = 60
const lengthMs = final.lengthMs / speed
const minuteMs = 60_000 / speed

/** A sports service without a server: what it publishes urgently is kept. */
class Studio implements AsyncDisposable {
  readonly messages: GameMessage[] = []
  readonly games: Games
  #player: RecordingPlayer | undefined

  private constructor(
    readonly clock: SimClock,
    readonly standalone: StandaloneHost,
  ) {
    const { host } = standalone
    const publish = async (channel: string, data: Json, options: { lane?: string } = {}) => {
      if (channel.startsWith('sports:game_') && options.lane === undefined) this.messages.push(data as GameMessage)
      return { offset: this.messages.length }
    }
    this.games = new Games({ ...host, publish }, { store: new SportsStore(host.store.sql), isShared: false })
  }

  static async open(clock: SimClock, target?: string): Promise<Studio> {
    const studio = new Studio(clock, await serviceHost(clock, sportsTables, target))
    await studio.games.start()
    return studio
  }

  async play(recording: Recording, pace: Pace): Promise<void> {
    this.#player = new RecordingPlayer(recording, pace, { clock: this.clock, log: silent, games: this.games })
    await this.#player.start()
  }

  async board() {
    return (await this.games.match(final.id))?.board
  }

  async run(): Promise<number | undefined> {
    return (await this.games.match(final.id))?.run
  }

  /** Ids of everything told in updates. */
  get told(): string[] {
    return this.messages.flatMap(message => (message.type === 'events' ? message.events.map(({ id }) => id) : []))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#player?.close()
    this.games.close()
    await this.standalone.close()
  }
}

describe('the recording of a timeline', () => {
  test.each([final2022, semi2014])('[W1] moments of $id follow each other, and its events are numbered', timeline => {
    const recording = recordTimeline(timeline)
    const times = momentsOf(recording).map(({ atMs }) => atMs)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(recording.lengthMs).toBeGreaterThan(times.at(-1) ?? 0)
    expect(new Set(recording.events.map(({ id }) => id)).size).toBe(recording.events.length)
  })

  test('[W1] what one moment brings goes in together: both substitutions of the 41st minute, but not two goals', () => {
    const together = momentsOf(final).map(({ events }) =>
      events.filter(({ kind }) => kind !== 'commentary').map(event => `${'clock' in event ? event.clock?.min : ''} ${event.kind}`),
    )
    expect(together).toContainEqual(['40 substitution', '40 substitution'])
    expect(together).toContainEqual(['79 goal'])
    expect(together.flat().filter(kind => kind.endsWith('goal'))).toHaveLength(6)
  })
})

describe('a replay', () => {
  const loop: Pace = { speed, loopOffsetMs: 0 }
  /** The beginning of the next playing, as the time of day says. */
  const beginning = (clock: SimClock) => Math.ceil(clock.now() / lengthMs) * lengthMs

  test('[W2] stands where the time of day says, whenever it is started', async () => {
    const clock = new SimClock()
    clock.advance(beginning(clock) - clock.now() + 40 * minuteMs)
    await using studio = await Studio.open(clock)
    await studio.play(final, loop)
    expect(await studio.board()).toMatchObject({ phase: 'first_half', score: { home: 1, away: 0 } })
    const { clock: matchClock } = (await studio.board()) ?? reduceBoard([])
    expect(matchClock && Math.floor(secondsAt(matchClock, clock.now()) / 60)).toBe(35)
  })

  test('[W2] an event happens while the clock shows its minute', async () => {
    const clock = new SimClock()
    clock.advance(beginning(clock) - clock.now())
    await using studio = await Studio.open(clock)
    await studio.play(final, loop)
    clock.advance(lengthMs - 1)
    for (const message of studio.messages) {
      if (message.type !== 'events' || message.board.clock?.running !== true) continue
      for (const event of message.events) {
        if (!('clock' in event) || event.clock === undefined || event.kind === 'period_end') continue
        expect(Math.floor(secondsAt(message.board.clock, message.serverUtcMs) / 60)).toBe(event.clock.min)
      }
    }
    expect(await studio.board()).toMatchObject({ status: 'finished', score: { home: 3, away: 3 } })
  })

  test('[W3] begins again when it is over: another run, told as a whole, with a version that goes on', async () => {
    const clock = new SimClock()
    clock.advance(beginning(clock) - clock.now() + 30 * minuteMs)
    await using studio = await Studio.open(clock)
    await studio.play(final, loop)
    const version = (await studio.board())?.version ?? 0
    clock.advance(lengthMs)
    expect(await studio.run()).toBe(1)
    expect(studio.messages.filter(({ type }) => type === 'snapshot')).toHaveLength(2)
    expect((await studio.board())?.version).toBeGreaterThan(version)
    expect(await studio.board()).toMatchObject({ phase: 'first_half', status: 'live' })
  })

  test('[W3] after a restart what fell into the down time is told first, and nothing twice', async () => {
    using folder = new Folder()
    const target = `sqlite:${folder.path}/rows.sqlite`
    const clock = new SimClock()
    clock.advance(beginning(clock) - clock.now() + 30 * minuteMs)
    const before = await Studio.open(clock, target)
    await before.play(final, loop)
    await before[Symbol.asyncDispose]()
    clock.advance(40 * minuteMs)
    await using after = await Studio.open(clock, target)
    await after.play(final, loop)
    clock.advance(20 * minuteMs)
    const all = [...before.told, ...after.told]
    expect(new Set(all).size).toBe(all.length)
    expect(await after.run()).toBe(0)
    expect(after.messages.every(({ type }) => type === 'events')).toBe(true)
    const played = momentsOf(final).filter(({ atMs }) => atMs <= 90 * 60_000)
    const urgent = played.flatMap(({ events }) => events.filter(({ kind }) => kind !== 'commentary').map(({ id }) => id))
    expect(all.toSorted()).toEqual(urgent.toSorted())
  })

  test('[W3] after a down time into a later playing it begins that one', async () => {
    using folder = new Folder()
    const target = `sqlite:${folder.path}/rows.sqlite`
    const clock = new SimClock()
    const before = await Studio.open(clock, target)
    await before.play(final, loop)
    await before[Symbol.asyncDispose]()
    clock.advance(3 * lengthMs)
    await using after = await Studio.open(clock, target)
    await after.play(final, loop)
    expect(await after.run()).toBe(1)
    expect(after.messages[0]?.type).toBe('snapshot')
  })

  test('[G23] of a file it is played once, from when it was first started, and stays as it ended', async () => {
    using folder = new Folder()
    const target = `sqlite:${folder.path}/rows.sqlite`
    const clock = new SimClock()
    const before = await Studio.open(clock, target)
    await before.play(final, { speed })
    expect((await before.board())?.status).toBe('scheduled')
    clock.advance(30 * minuteMs)
    await before[Symbol.asyncDispose]()
    await using after = await Studio.open(clock, target)
    await after.play(final, { speed })
    expect((await after.board())?.phase).toBe('first_half')
    expect(after.messages).toEqual([])
    clock.advance(10 * lengthMs)
    expect(await after.board()).toMatchObject({ status: 'finished', score: { home: 3, away: 3 } })
    expect(await after.run()).toBe(0)
  })

  test('[G23] at another speed it begins anew', async () => {
    using folder = new Folder()
    const target = `sqlite:${folder.path}/rows.sqlite`
    const clock = new SimClock()
    const before = await Studio.open(clock, target)
    await before.play(final, { speed })
    clock.advance(30 * minuteMs)
    await before[Symbol.asyncDispose]()
    await using after = await Studio.open(clock, target)
    await after.play(final, { speed: 10 })
    expect([await after.run(), (await after.board())?.status]).toEqual([1, 'scheduled'])
  })
})
