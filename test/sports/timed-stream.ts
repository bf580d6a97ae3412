import type { Clock } from '../../src/kit/index.ts'
import { FetchedStream } from '../kit/index.ts'
import { atEnd, hurried } from '../kit/servers/tree.ts'
import { Feed, startSports } from './feed.ts'

/** Seconds pass so many times as fast, for servers and tests alike. */
export const times = 10

export const game = { home: 'Reds', away: 'Blues', league: 'north', competition: 'Northern League' }
export const channel = 'sports:game_g1'

/** An event stream that notes when its events came. */
export class TimedStream extends FetchedStream {
  readonly atMs: number[] = []

  constructor(
    readonly clock: Clock,
    url: string,
    headers: Record<string, string> = {},
  ) {
    super(url, headers)
    atEnd(() => this[Symbol.dispose]())
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

/** A server whose seconds pass ten times as fast, with a game on it. */
export async function startGame(data?: string) {
  const clock = hurried(times)
  const started = await startSports(data, { clock })
  atEnd(() => started[Symbol.asyncDispose]())
  const feed = new Feed(started.url, 'g1')
  await feed.put(game)
  const open = (query: string, headers: Record<string, string> = {}, { url }: { url: string } = started) =>
    new TimedStream(clock, `${url}/sse?channel=${channel}${query}`, headers)
  const after = (ms: number) => clock.passes(ms)
  const get = async (path: string) => (await fetch(`${started.url}${path}`)).text()
  return { started, clock, feed, open, after, get }
}

/** What the first event said of all channels. */
export const snapshotOf = ({ events }: FetchedStream) => JSON.stringify(events[0]?.data.connect?.subs)
/** What it said of the game. */
export const subOf = (stream: FetchedStream) => stream.events[0]?.data.connect?.subs[channel]
