import { between, type Json, type Random } from '../../src/kit/index.ts'
import { errors } from '../../src/protocol/index.ts'
import { type Pace, type WebSocketClient, WebSocketPipe } from '../cluster/websocket-pipe.ts'
import type { Judge } from '../core/judge.ts'
import { type ChannelView, tokenOf, type User, type UserContext } from './user.ts'
import { readMessages, type WireMessage, type WirePush, type WireSubscription } from './wire.ts'

interface Subscription<V> {
  readonly view: V
  state: 'off' | 'subscribing' | 'on'
  /** Unsubscribes whose answers have not come: until then the old subscription may still speak. */
  leaving: number
  /** Subscribes asked for; only the answer to the last one counts. */
  attempt: number
  recoverable: boolean
}

type Pending = (message: WireMessage) => void

/** Connections in a row that may end for slowness without having brought anything. */
const barrenMax = 4
/** A client that waits this long in vain takes the connection for dead; on a thin line it knows that answers take their time. */
const patienceMs = 7000
const thinPatienceMs = 20_000
const lookMs = 500

/** A user with a WebSocket and an SDK: connects, subscribes, recovers, pings and comes back, as the client protocol asks. */
export class WebSocketUser<V extends ChannelView = ChannelView> implements User<V>, WebSocketClient {
  readonly pace: Pace
  readonly views = new Map<string, V>()
  readonly wanted = new Set<string>()
  clientId = ''
  /** Server-side subscriptions that an administrator ended: they come back with the next connection. */
  readonly #withdrawn = new Set<string>()
  #pipe: WebSocketPipe | undefined
  #state: 'waiting' | 'connecting' | 'connected' = 'waiting'
  #heardAt = 0
  #commands = 0
  #attempts = 0
  /** Connections in a row that the server ended for slowness without having brought anything. */
  #barren = 0
  #hasLearnt = false
  readonly #subscriptions = new Map<string, Subscription<V>>()
  readonly #pending = new Map<number, Pending>()

  constructor(
    readonly context: UserContext<V>,
    readonly name: string,
    readonly random: Random,
    readonly serverSide: readonly string[],
    wanted: readonly string[],
  ) {
    this.pace = { latencyMs: between(random, 1, 20), bytesPerMs: 500 }
    for (const channel of wanted) this.wanted.add(channel)
    this.#look()
    this.#connect()
  }

  get isConnected(): boolean {
    return this.#state === 'connected'
  }

  get queued(): number {
    return this.#pipe?.session?.outbox.queuedBytes ?? 0
  }

  get bufferedBytes(): number {
    return this.#pipe?.bufferedBytes() ?? 0
  }

  /** What it is expected to follow when all is well. */
  get followed(): string[] {
    return [...this.wanted, ...this.serverSide.filter(channel => !this.#withdrawn.has(channel))]
  }

  cut(how: 'clean' | 'silent'): void {
    if (this.#pipe === undefined || this.#state === 'waiting') return
    this.#pipe.cut(how)
    if (how === 'clean') this.closed(0)
  }

  subscribe(channel: string): void {
    if (this.serverSide.includes(channel)) return
    this.wanted.add(channel)
    this.#subscribe(channel)
  }

  unsubscribe(channel: string): void {
    if (this.serverSide.includes(channel)) return
    this.wanted.delete(channel)
    const subscription = this.#subscriptions.get(channel)
    if (subscription === undefined || subscription.state === 'off') return
    subscription.view.end()
    subscription.state = 'off'
    if (this.#state !== 'connected') return
    subscription.leaving++
    this.#send({ unsubscribe: { channel } }, () => {
      subscription.leaving--
    })
  }

  publish(channel: string, data: Json, key: string | undefined, lane: string | undefined): void {
    if (this.#state !== 'connected') return
    this.#send(
      { publish: { channel, data, ...(key === undefined ? {} : { key }), ...(lane === undefined ? {} : { lane }) } },
      ({ error }) => {
        this.context.tally.count(error === undefined ? 'publishes confirmed' : 'publishes failed')
      },
    )
  }

  opened(): void {
    const subs = Object.fromEntries(this.serverSide.map(channel => [channel, recoveryOf(this.#of(channel))]))
    this.#send({ connect: { token: tokenOf(this.name, this.serverSide), subs } }, message => this.#connected(message))
  }

  received(text: string): void {
    this.#heardAt = this.context.time.now()
    for (const message of readMessages(text)) {
      const pending = message.id === undefined ? undefined : this.#pending.get(message.id)
      if (message.id !== undefined) {
        this.#pending.delete(message.id)
        this.#judge.hold(pending !== undefined, `${this.name} got an answer to nothing: ${text}`)
        pending?.(message)
      } else if (message.push !== undefined) this.#heard(message.push)
      else if (message.error !== undefined) this.#judge.break(`${this.name} was told of an error in nothing: ${text}`)
      else this.#pipe?.send('{}')
    }
  }

  closed(code: number): void {
    const { tally, time } = this.context
    tally.count(code === 0 ? 'connections cut' : `closed ${code}`)
    this.#judge.hold(code < 3500, `${this.name} was told to stay away: ${code}`)
    this.#judgeProgress(code)
    this.#pipe = undefined
    this.#state = 'waiting'
    this.clientId = ''
    this.#pending.clear()
    for (const subscription of this.#subscriptions.values()) {
      subscription.view.end()
      subscription.state = 'off'
      subscription.leaving = 0
    }
    time.after(between(this.random, 50, Math.min(2000, 200 * 2 ** this.#attempts++)), () => this.#connect())
  }

  /** Whoever reads gets on: a connection that ends for slowness has brought something, or said that it cannot. */
  #judgeProgress(code: number): void {
    if (this.#hasLearnt) this.#barren = 0
    else if (code === 3008 || code === 3012) this.#barren++
    this.#hasLearnt = false
    this.#judge.hold(this.#barren < barrenMax, `${this.name} was closed ${this.#barren} times in a row and learnt nothing`)
  }

  get #patienceMs(): number {
    return this.pace.isThin ? thinPatienceMs : patienceMs
  }

  get #judge(): Judge {
    return this.context.judge
  }

  #connect(): void {
    const machine = this.context.server(this.random)
    this.context.trace(() => `${this.name} connects to ${machine.name}`)
    this.#state = 'connecting'
    this.#heardAt = this.context.time.now()
    this.#pipe = new WebSocketPipe(machine, this.pace, this.context.tally, this)
  }

  #connected({ connect, error }: WireMessage): void {
    if (connect === undefined) {
      this.#judge.hold(error?.temporary === true, `${this.name} was not let in: ${error?.message}`)
      this.cut('clean')
      return
    }
    this.#state = 'connected'
    this.#attempts = 0
    this.#withdrawn.clear()
    this.clientId = connect.client
    this.context.tally.count('connected')
    for (const channel of this.serverSide) {
      const reply = connect.subs?.[channel]
      if (reply === undefined || reply.error !== undefined) this.#judge.break(`${this.name} was connected without ${channel}`)
      else this.#began(this.#of(channel), reply)
    }
    for (const channel of this.wanted) this.#subscribe(channel)
  }

  #subscribe(channel: string): void {
    const subscription = this.#of(channel)
    if (this.#state !== 'connected' || subscription.state !== 'off' || !this.wanted.has(channel)) return
    subscription.state = 'subscribing'
    const attempt = ++subscription.attempt
    const { view } = subscription
    const options = view.namespace.delivery.delta !== 'never' ? { delta: 'fossil' } : {}
    const recoverable = this.random.next() < 0.8
    this.#send({ subscribe: { channel, recoverable, ...options, ...recoveryOf(subscription) } }, ({ subscribe, error }) => {
      if (subscription.state !== 'subscribing' || subscription.attempt !== attempt) return
      subscription.state = 'off'
      if (subscribe !== undefined) this.#began(subscription, subscribe)
      else this.#refused(channel, error?.code ?? 0, error?.temporary === true)
    })
  }

  #began(subscription: Subscription<V>, reply: WireSubscription): void {
    const { view, recoverable } = subscription
    this.context.trace(() => `${this.name} in ${view.channel}: ${JSON.stringify({ ...reply, publications: reply.publications?.length })}`)
    this.#hasLearnt ||= reply.recovered !== true || (reply.publications ?? []).length > 0
    view.begin(reply, recoverable ? view.position : undefined)
    subscription.recoverable = reply.recoverable === true
    subscription.state = 'on'
  }

  /** The server subscribed by itself. */
  #given(subscription: Subscription<V>, reply: WireSubscription): void {
    this.context.tally.count('subscribed by the server')
    subscription.recoverable = false
    this.#began(subscription, reply)
  }

  #refused(channel: string, code: number, temporary: boolean): void {
    this.context.tally.count(`refused ${code}`)
    // An administrator may have ended it while it was made.
    this.#judge.hold(temporary || code === errors.permissionDenied.code, `${this.name} was refused ${channel} for good: ${code}`)
    this.context.time.after(between(this.random, 100, 800), () => this.#subscribe(channel))
  }

  #heard(push: WirePush): void {
    const { channel = '' } = push
    const subscription = this.#of(channel)
    if (push.unsubscribe !== undefined) this.#taken(subscription, push.unsubscribe.code)
    if (push.subscribe !== undefined) this.#given(subscription, push.subscribe)
    if (subscription.leaving > 0) return
    if (push.pub !== undefined) {
      const { pub } = push
      this.context.trace(() => `${this.name} in ${channel}: ${JSON.stringify(pub)}`)
      this.#hasLearnt = true
      subscription.view.take(pub)
    }
    if (push.join !== undefined) subscription.view.joined(push.join.info)
    if (push.leave !== undefined) subscription.view.left(push.leave.info)
  }

  /** The server ended a subscription: from code 2500 on it is made again at once. */
  #taken(subscription: Subscription<V>, code: number): void {
    const { view } = subscription
    this.context.trace(() => `${this.name} loses ${view.channel}: ${code}`)
    this.context.tally.count(`unsubscribed ${code}`)
    if (subscription.state !== 'on') return
    view.end()
    subscription.state = 'off'
    if (code < 2500) this.#withdrawn.add(view.channel)
    if (!this.wanted.has(view.channel)) return
    if (code >= 2500) this.#subscribe(view.channel)
    else this.context.time.after(between(this.random, 500, 2000), () => this.#subscribe(view.channel))
  }

  #of(channel: string): Subscription<V> {
    let subscription = this.#subscriptions.get(channel)
    if (subscription === undefined) {
      const view = this.context.view(channel, this.name)
      this.views.set(channel, view)
      subscription = { view, state: 'off', leaving: 0, attempt: 0, recoverable: false }
      this.#subscriptions.set(channel, subscription)
    }
    return subscription
  }

  #send(command: object, answered: Pending): void {
    const id = ++this.#commands
    this.#pending.set(id, answered)
    this.#pipe?.send(JSON.stringify({ id, ...command }))
    const pipe = this.#pipe
    // A command without an answer is a connection that does not work.
    this.context.time.after(this.#patienceMs, () => {
      if (this.#pipe === pipe && this.#pending.has(id)) this.cut('clean')
    })
  }

  #look(): void {
    const { time } = this.context
    if (this.#state !== 'waiting' && time.now() - this.#heardAt > this.#patienceMs) this.cut('clean')
    time.after(lookMs, () => this.#look())
  }
}

function recoveryOf({ view, recoverable }: Subscription<ChannelView>): object {
  return recoverable && view.position !== undefined ? { recover: true, ...view.position } : {}
}
