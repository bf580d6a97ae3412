import type { AskingHooks, LifecycleEvent, Log } from '../../hub/index.ts'
import { type Clock, type Fetch, type JsonBounds, type Random, randomId } from '../../kit/index.ts'
import type { Config } from '../config/index.ts'
import { HookLog } from './hook-log.ts'
import { HookSender } from './hook-sender.ts'
import { Notices, type NoticesContext } from './notices.ts'
import { bodyOf, HookQuestions } from './questions.ts'
import { HookTally } from './tally.ts'

export interface HooksOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly json: JsonBounds
  readonly fetch: Fetch
}

/** The configured hooks: questions that back ends answer, and events that they are told. */
export class Hooks {
  readonly asking: AskingHooks
  readonly tally = new HookTally()
  readonly #context: NoticesContext
  /** By scheme, host and port, so that what one back end hears is in order whatever it is about. */
  readonly #notices = new Map<string, Notices>()

  constructor(
    readonly config: Config['hooks'],
    { clock, random, log, json, fetch }: HooksOptions,
  ) {
    const sender = new HookSender({ clock, fetch, secret: config.secret ?? '', allowedHosts: config.allowedHosts })
    this.#context = { clock, random, sender, hookLog: new HookLog(clock, log), tally: this.tally }
    this.asking = new HookQuestions({ ...this.#context, json }).asking(config)
  }

  /** Whether any event is to be told. */
  get tells(): boolean {
    const { disconnect, unsubscribe, channel_occupied, channel_vacated } = this.config.targets
    return [disconnect, unsubscribe, channel_occupied, channel_vacated].some(target => target !== undefined)
  }

  /** Notices that wait to be sent. */
  get waiting(): number {
    return [...this.#notices.values()].reduce((sum, { size }) => sum + size, 0)
  }

  /** Queues the event for the back end that wants to hear of it. */
  tell(event: LifecycleEvent): void {
    if (event.kind === 'connect' || event.kind === 'subscribe') return
    const target = this.config.targets[event.kind]
    if (target === undefined) return
    const body = JSON.stringify({ event: event.kind, time_ms: this.#context.clock.now(), ...noticeOf(event) })
    this.#noticesTo(target.url).push({ name: event.kind, target, key: randomId(this.#context.random), body })
  }

  /** Tells what is left within a bound. Idempotent. */
  async close(): Promise<void> {
    await Promise.all([...this.#notices.values()].map(notices => notices.close()))
    this.#context.sender.close()
  }

  #noticesTo(url: string): Notices {
    const { origin } = new URL(url)
    const known = this.#notices.get(origin)
    if (known !== undefined) return known
    const notices = new Notices(this.#context)
    this.#notices.set(origin, notices)
    return notices
  }
}

function noticeOf(event: Exclude<LifecycleEvent, { kind: 'connect' | 'subscribe' }>): object {
  switch (event.kind) {
    case 'channel_occupied':
    case 'channel_vacated':
      return { channel: event.channel }
    case 'unsubscribe':
      return bodyOf(event.client, { channel: event.channel, code: event.code, reason: event.reason })
    case 'disconnect':
      return bodyOf(event.client, { code: event.code, reason: event.reason })
  }
}
