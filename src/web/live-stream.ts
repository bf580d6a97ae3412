import { type Signal, signal } from '@preact/signals'
import { backoffMs, systemClock, systemRandom, type Timer } from '../kit/index.ts'
import { type Pub, readSseMessage, type Subscribed } from './sse-message.ts'
import { nextState, type StreamIncident, type StreamState } from './stream-state.ts'
import { Watchlist, type WatchlistOutcome } from './watchlist.ts'

export interface LiveOptions {
  readonly channels: readonly string[]
  /** A channel begins, or begins again after the connection was lost. `recovered` false with `was_recovering` means that something was missed. */
  readonly subscribed: (channel: string, entry: Subscribed) => void
  readonly published: (channel: string, pub: Pub) => void
  /** Every event as it came, for pages that show the stream itself. */
  readonly raw?: (text: string) => void
  /** How far behind the stream is to be, like `30s`, asked each time that it is opened; undefined for not at all. */
  readonly delay?: () => string | undefined
  /** Longest silence that is no reason to worry. Heartbeat comments are hidden from pages, so this is what the channels themselves promise. */
  readonly silenceMs: number
}

/** A hidden page gives its connection back after this long: browsers allow six to one host over HTTP/1.1, and the seventh tab would hang. */
const hiddenMs = 30_000
const reopenBackoff = { baseMs: 500, capMs: 15_000 }

/**
 * A page's stream over plain EventSource. The browser reconnects by itself with the id of the last event; where it gives up (an answer that is
 * not 200, as while a server drains), or does not notice that the other end is gone, the stream is opened again from the same id.
 */
export class LiveStream {
  readonly link: Signal<StreamState> = signal('connecting')
  #source: EventSource | undefined
  #lastEventId = ''
  #attempt = 0
  #reopening: Timer | undefined
  #watchdog: Timer | undefined
  #release: Timer | undefined
  readonly #listening = new AbortController()
  readonly #watchlist: Watchlist

  constructor(readonly options: LiveOptions) {
    this.#watchlist = new Watchlist(options.channels, postChange, () => this.restart())
    const { signal } = this.#listening
    addEventListener('offline', () => this.#meet('offline'), { signal })
    addEventListener('online', () => this.#online(), { signal })
    document.addEventListener('visibilitychange', () => this.#visibility(), { signal })
    if (document.visibilityState === 'visible') this.#open()
  }

  /** Follows these channels from now on, over the same connection. Those that are new begin with `subscribed`, as at the start. */
  follow(channels: readonly string[]): void {
    this.#watchlist.want(channels)
  }

  /** Begins again without a position, as a newcomer who is given a snapshot. */
  restart(): void {
    this.#lastEventId = ''
    this.#meet('lost')
    this.#open()
  }

  close(): void {
    this.#listening.abort()
    this.#release?.cancel()
    this.#shut()
  }

  #open(): void {
    this.#shut()
    const url = new URL('/sse', location.href)
    for (const channel of this.#watchlist.channels) url.searchParams.append('channel', channel)
    const delay = this.options.delay?.()
    if (delay !== undefined) url.searchParams.set('delay', delay)
    if (this.#lastEventId !== '') url.searchParams.set('last_event_id', this.#lastEventId)
    const source = new EventSource(url)
    source.onmessage = event => this.#receive(event)
    source.onerror = () => this.#lost(source)
    this.#source = source
  }

  #shut(): void {
    this.#source?.close()
    this.#source = undefined
    this.#reopening?.cancel()
    this.#watchdog?.cancel()
  }

  #meet(event: StreamIncident): void {
    this.link.value = nextState(this.link.value, event)
  }

  #receive(event: MessageEvent<string>): void {
    if (event.lastEventId !== '') this.#lastEventId = event.lastEventId
    this.#watch()
    this.options.raw?.(event.data)
    const message = readSseMessage(event.data)
    if (message === undefined) return
    if (message.isEnded) {
      this.#end()
      return
    }
    const refused = message.subs.size > 0 && [...message.subs.values()].every(entry => entry.error !== undefined)
    if (!refused) {
      this.#attempt = 0
      this.#meet('message')
    }
    const { opened } = message
    if (opened !== undefined) this.#watchlist.opened(opened.session, opened.rev, opened.channels)
    for (const [channel, entry] of message.subs) this.options.subscribed(channel, entry)
    for (const { channel, pub } of message.publications) this.options.published(channel, pub)
    if (refused) this.#reopenLater()
  }

  /** The server ended it for good: it begins anew when somebody comes back to the page. */
  #end(): void {
    this.#lastEventId = ''
    this.#shut()
    this.#meet('lost')
  }

  #watch(): void {
    this.#watchdog?.cancel()
    this.#watchdog = systemClock.after(this.options.silenceMs, () => {
      this.#meet('silence')
      this.#open()
      this.#watch()
    })
  }

  #lost(source: EventSource): void {
    this.#meet('lost')
    if (source === this.#source && source.readyState === EventSource.CLOSED) this.#reopenLater()
  }

  /** Where every channel is refused they are asked for again: a server that is just starting knows its channels a moment later than its address. */
  #reopenLater(): void {
    this.#reopening?.cancel()
    this.#reopening = systemClock.after(200 + backoffMs(this.#attempt++, systemRandom, reopenBackoff), () => this.#open())
  }

  #online(): void {
    this.#meet('online')
    if (this.#source?.readyState !== EventSource.OPEN) this.#open()
  }

  #visibility(): void {
    this.#release?.cancel()
    if (document.visibilityState === 'hidden') this.#release = systemClock.after(hiddenMs, () => this.#shut())
    else if (this.#source === undefined) this.#resume()
  }

  #resume(): void {
    this.#meet('lost')
    this.#open()
  }
}

/** The stream is found by its session; whoever is not there any more, or has missed a change, is told so by status. */
async function postChange(session: string, rev: number, channels: readonly string[]): Promise<WatchlistOutcome> {
  try {
    const response = await fetch(`/sse/${encodeURIComponent(session)}/subscriptions`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ rev, op: 'replace', channels }),
    })
    return response.ok ? 'taken' : 'lost'
  } catch {
    return 'lost'
  }
}
