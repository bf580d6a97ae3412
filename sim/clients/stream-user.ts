import type { EventSourceMessage } from 'eventsource-parser'
import { between, type Random } from '../../src/kit/index.ts'
import { CommandError, type Cursor, channelHash, decodeCursor, type Position, type ProtocolError } from '../../src/protocol/index.ts'
import { type EventClient, EventPipe } from '../cluster/event-pipe.ts'
import type { Listener } from '../cluster/listener.ts'
import type { Pace } from '../cluster/websocket-pipe.ts'
import type { MachineWith } from '../core/machine.ts'
import { type ChannelView, tokenOf, type User, type UserContext } from './user.ts'
import { readEvent, type WirePush, type WireStream } from './wire.ts'

/** A change of the watchlist that is under way. */
interface Change {
  readonly rev: number
  readonly channels: readonly string[]
}

/** Where a channel goes on from: as the page knows it, and as the cursor said. */
interface Place {
  readonly since: Position | undefined
  readonly said: Position | undefined
}

/** Without any sign of life for this long, the page opens the stream anew. */
const patienceMs = 8000
const lookMs = 500

/** A page with an EventSource: resumes by cursor on whichever server it meets, and changes its watchlist while the stream is live. */
export class StreamUser<V extends ChannelView = ChannelView> implements User<V>, EventClient {
  readonly pace: Pace
  readonly views = new Map<string, V>()
  clientId = ''
  readonly #urlChannels: readonly string[]
  /** Whether the page does more than the browser by itself: changes what it watches. */
  readonly #isActive: boolean
  readonly #wanted: Set<string>
  readonly #on = new Set<string>()
  /** Channels that could not be opened for the moment, each with the place that it goes on from: the server asks for them again. */
  readonly #late = new Map<string, Place>()
  /** Channels that an administrator subscribed it to, which are no part of its watchlist. */
  readonly #given = new Set<string>()
  /** Subscriptions that an administrator ended or made: a browser may get them back with its next stream. */
  readonly #withdrawn = new Set<string>()
  #pipe: EventPipe | undefined
  #machine: MachineWith<Listener> | undefined
  #state: 'waiting' | 'connecting' | 'connected' = 'waiting'
  #cursor = ''
  /** What is on the watchlist, also where it could not be followed; and what was when the cursor was given. */
  #listed = new Set<string>()
  #kept = new Set<string>()
  #session = ''
  #rev = 0
  #change: Change | undefined
  #heardAt = 0

  constructor(
    readonly context: UserContext<V>,
    readonly name: string,
    readonly random: Random,
    wanted: readonly string[],
    /** How far behind it wants to be. */
    readonly delayMs = 0,
  ) {
    this.pace = { latencyMs: between(random, 1, 20), bytesPerMs: 500 }
    this.#urlChannels = wanted
    this.#isActive = random.next() < 0.5
    this.#wanted = new Set(wanted)
    this.#look()
    this.#connect()
  }

  get isConnected(): boolean {
    return this.#state === 'connected'
  }

  get followed(): string[] {
    return [...this.#wanted].filter(channel => this.#isActive || !this.#withdrawn.has(channel))
  }

  cut(how: 'clean' | 'silent'): void {
    if (this.#pipe === undefined) return
    this.#pipe.cut(how)
    if (how === 'clean') this.ended(0)
  }

  subscribe(channel: string): void {
    if (this.#isActive) this.#wanted.add(channel)
  }

  unsubscribe(channel: string): void {
    if (this.#isActive) this.#wanted.delete(channel)
  }

  opened(): void {
    this.#heardAt = this.context.time.now()
  }

  alive(): void {
    this.#heardAt = this.context.time.now()
  }

  received({ data, id }: EventSourceMessage): void {
    this.alive()
    this.context.trace(() => `${this.name}: ${data} ${id ?? ''}`)
    const event = readEvent(data)
    for (const push of event.batch ?? [event]) this.#heard(push)
    if (id === undefined) return
    this.#cursor = id
    this.#kept = new Set(this.#listed)
    this.#checkCursor()
  }

  ended(status: number): void {
    const { tally, judge, time } = this.context
    tally.count(status === 0 ? 'streams cut' : `stream ended ${status}`)
    judge.hold([0, 200, 1006].includes(status), `${this.name} was refused a stream: ${status}`)
    this.#pipe = undefined
    this.#state = 'waiting'
    this.#change = undefined
    this.clientId = ''
    for (const channel of [...this.#on, ...this.#given]) this.views.get(channel)?.end()
    this.#on.clear()
    this.#given.clear()
    this.#late.clear()
    time.after(between(this.random, 50, 1500), () => this.#connect())
  }

  #connect(): void {
    const { time, tally } = this.context
    const machine = this.context.server(this.random)
    const query = this.#urlChannels.map(channel => `channel=${encodeURIComponent(channel)}`).join('&')
    const headers = this.#cursor === '' ? {} : { 'last-event-id': this.#cursor }
    if (this.#cursor !== '' && this.#machine !== machine) tally.count('streams resumed elsewhere')
    const url = `http://${machine.name}/sse?${query}&token=${encodeURIComponent(tokenOf(this.name))}&delay=${this.delayMs}ms`
    this.context.trace(() => `${this.name} opens a stream at ${machine.name} from ${this.#cursor}`)
    this.#state = 'connecting'
    this.#heardAt = time.now()
    this.#machine = machine
    this.#pipe = new EventPipe(machine, this.pace, new Request(url, { headers }), this)
  }

  #heard(push: WirePush): void {
    const { channel = '' } = push
    if (push.connect !== undefined) this.#began(push.connect)
    if (push.subs !== undefined) this.#changed(push.subs.rev)
    if (push.subscribe !== undefined) this.#added(channel, push)
    if (push.error !== undefined) this.#refused(channel, push.error)
    if (push.unsubscribe !== undefined) this.#taken(channel)
    if (push.pub !== undefined) this.#of(channel).take(push.pub)
    if (push.join !== undefined) this.#of(channel).joined(push.join.info)
    if (push.leave !== undefined) this.#of(channel).left(push.leave.info)
    if (push.disconnect !== undefined) this.context.tally.count(`disconnected ${push.disconnect.code}`)
  }

  #began({ session, client, rev = 0, subs }: WireStream): void {
    this.context.tally.count('streams begun')
    if (this.delayMs > 0) this.context.tally.count('streams begun behind')
    this.#state = 'connected'
    this.#session = session
    this.clientId = client
    const resumed = this.#cursor === '' ? undefined : decodeCursor(this.#cursor)
    this.#checkChannels(Object.keys(subs), resumed, rev)
    this.#withdrawn.clear()
    this.#listed = new Set(Object.keys(subs))
    this.#rev = rev
    for (const [channel, reply] of Object.entries(subs)) {
      const view = this.#of(channel)
      const said = resumed?.positions.get(channelHash(channel))
      const since = said === undefined ? undefined : view.position
      if (reply.error?.temporary) this.#late.set(channel, { since, said })
      else if (reply.error !== undefined) this.#refused(channel, reply.error)
      else {
        view.begin(reply, since)
        this.#on.add(channel)
      }
    }
  }

  /** A stream that comes back has the channels that it had, whichever server it meets; what an administrator took may come back as well. */
  #checkChannels(channels: readonly string[], resumed: Cursor | undefined, rev: number): void {
    const { watchlist } = resumed ?? {}
    // The server that has the stream in memory may know of a change that the cursor does not.
    if (watchlist !== undefined && (watchlist.channels === undefined || rev > watchlist.rev)) return
    const kept = resumed === undefined ? this.#urlChannels : [...this.#kept]
    const lost = kept.filter(channel => !channels.includes(channel))
    const strange = channels.filter(channel => !kept.includes(channel) && !this.#withdrawn.has(channel))
    this.context.judge.hold(lost.length === 0, `${this.name} came back without "${lost}"`)
    this.context.judge.hold(strange.length === 0, `${this.name} came back with "${strange}", which it did not have`)
  }

  #added(channel: string, { subscribe }: WirePush): void {
    if (subscribe === undefined) return
    this.#of(channel).begin(subscribe, this.#late.get(channel)?.since)
    if (this.#late.delete(channel)) {
      this.context.tally.count('opened late')
      this.#on.add(channel)
    } else if (this.#change?.channels.includes(channel)) {
      this.#on.add(channel)
      this.#listed.add(channel)
    } else this.#given.add(channel)
  }

  /** An administrator may have ended it while it was opened, or opened it first. */
  #refused(channel: string, { code, message }: ProtocolError): void {
    this.#late.delete(channel)
    this.context.judge.hold(code === 103 || code === 105, `${this.name} was refused ${channel}: ${message}`)
    this.#withdrawn.add(channel)
  }

  #taken(channel: string): void {
    this.#removed(channel)
    this.#withdrawn.add(channel)
  }

  #removed(channel: string): void {
    this.#of(channel).end()
    this.#on.delete(channel)
    this.#given.delete(channel)
    this.#late.delete(channel)
  }

  /** The barrier of a change: nothing of a removed channel comes after it. */
  #changed(rev: number): void {
    const change = this.#change
    this.context.tally.count('watchlists changed')
    this.context.judge.hold(change?.rev === rev, `${this.name} heard of change ${rev} and asked for ${change?.rev}`)
    if (change === undefined) return
    this.#rev = rev
    for (const channel of [...this.#on, ...this.#late.keys()]) if (!change.channels.includes(channel)) this.#removed(channel)
    this.#listed = new Set([...this.#on, ...this.#late.keys()])
  }

  /** The cursor says of every stream exactly what was received, or nothing. */
  #checkCursor(): void {
    const cursor = decodeCursor(this.#cursor)
    if (cursor === undefined) {
      this.context.judge.break(`${this.name} got a cursor that cannot be read: ${this.#cursor}`)
      return
    }
    for (const channel of this.#on) {
      const view = this.#of(channel)
      const said = cursor.positions.get(channelHash(channel))
      if (!view.follows || said === undefined) continue
      const same = said.epoch === view.position?.epoch && said.offset === view.position.offset
      this.context.judge.hold(same, `${this.name} in ${channel} is at ${view.position?.offset}, and its cursor says ${said.offset}`)
    }
    for (const [channel, { said }] of this.#late) {
      if (said === undefined) continue
      const kept = cursor.positions.get(channelHash(channel))
      const same = kept?.epoch === said.epoch && kept.offset === said.offset
      this.context.judge.hold(same, `${this.name} waits for ${channel} from ${said.offset}, and its cursor says ${kept?.offset}`)
    }
  }

  #of(channel: string): V {
    const known = this.views.get(channel)
    if (known !== undefined) return known
    const view = this.context.view(channel, this.name, this.delayMs)
    this.views.set(channel, view)
    return view
  }

  #look(): void {
    const { time } = this.context
    if (this.#state !== 'waiting' && time.now() - this.#heardAt > patienceMs) this.cut('clean')
    else if (this.#state === 'connected' && this.#isActive) this.#changeWatchlist()
    time.after(lookMs, () => this.#look())
  }

  /** Asks for the channels that are wanted, and for the same again until there is an answer. */
  #changeWatchlist(): void {
    const wanted = [...this.#wanted]
    const isRight =
      wanted.length === this.#on.size + this.#late.size && wanted.every(channel => this.#on.has(channel) || this.#late.has(channel))
    if (this.#change === undefined && isRight) return
    const change = this.#change ?? { rev: this.#rev + 1, channels: wanted }
    this.#change = change
    const machine = this.#machine
    const clock = machine?.clock
    const session = this.#session
    if (machine === undefined || clock === undefined) return
    machine.time.after(this.pace.latencyMs, () =>
      clock.enter(() => {
        const asked = askIn(machine, session, this.name, change)
        asked.then(
          () => machine.time.after(this.pace.latencyMs, () => this.#answered(change, undefined)),
          (error: unknown) => machine.time.after(this.pace.latencyMs, () => this.#answered(change, error)),
        )
      }),
    )
  }

  #answered(change: Change, error: unknown): void {
    if (this.#change !== change) return
    if (error === undefined) {
      // The barrier comes by the stream, before or after this answer.
      if (this.#rev >= change.rev) this.#change = undefined
      return
    }
    const gone = error instanceof CommandError && (error.code === 404 || error.temporary)
    this.context.judge.hold(gone, `${this.name} could not change its watchlist: ${error}`)
  }
}

async function askIn(machine: MachineWith<Listener>, session: string, user: string, change: Change): Promise<unknown> {
  if (machine.process === undefined) throw new CommandError({ code: 404, message: 'no such stream' })
  return machine.process.changeWatchlist(session, user, { rev: change.rev, op: 'replace', channels: [...change.channels] })
}
