import { applyDelta } from 'fossil-delta'
import type { Namespace } from '../../../src/hub/index.ts'
import type { Json } from '../../../src/kit/index.ts'
import type { ClientInfo, Position } from '../../../src/protocol/index.ts'
import { Followed, type FollowedContext } from '../../clients/followed.ts'
import type { ChannelView } from '../../clients/user.ts'
import type { WirePublication, WireSubscription } from '../../clients/wire.ts'
import { type Entry, numberOf } from '../../cluster/oracle.ts'

/** One client's knowledge of one channel, held to every promise that the channel's delivery makes. */
export class View implements ChannelView {
  isOn = false
  /** What is known of the values of a `latest`, `conflated` or low-lane channel, by key. */
  values = new Map<string, Json>()
  /** Clients that were seen to come, and not to go. */
  readonly seen = new Set<string>()
  beganAt = 0
  readonly #followed: Followed
  #data: string | undefined
  #order = 0
  #delta = false

  constructor(
    readonly context: FollowedContext,
    readonly channel: string,
    readonly namespace: Namespace,
    readonly who: string,
    /** Nothing may be seen earlier than this after it happened. */
    readonly delayMs = 0,
  ) {
    this.#followed = new Followed(context, this)
  }

  get position(): Position | undefined {
    return this.#followed.position
  }

  get follows(): boolean {
    return this.namespace.delivery.recovers === 'all'
  }

  /** The subscription began. `since` is where it was asked to go on. */
  begin(reply: WireSubscription, since: Position | undefined): void {
    this.#followed.hold(!this.isOn, 'began twice')
    this.isOn = true
    this.beganAt = this.context.now()
    this.seen.clear()
    this.#order = 0
    this.#delta = reply.delta === true
    this.#followed.begin(reply, since)
    if (this.follows) for (const publication of this.#followed.recover(reply, since)) this.#follow(this.#whole(publication))
    else if (this.namespace.delivery.name === 'latest') {
      // Whoever is told that the newest value is gone no longer shows an older one.
      if (since !== undefined && reply.recovered !== true) this.values.delete('')
      for (const publication of reply.publications ?? []) this.#takeValue(publication)
    }
    if (this.namespace.delivery.name === 'conflated') this.#beginValues(reply.data)
    if (this.namespace.delivery.name === 'lanes') this.#beginLanes(reply.data)
  }

  /** Ends it; what is known stays, to go on from. */
  end(): void {
    this.isOn = false
    this.#data = undefined
  }

  take(publication: WirePublication): void {
    const { judge, tally } = this.context
    judge.hold(this.isOn, this.#say(`got publication ${numberOf(publication.data)} outside of a subscription`))
    tally.count(`delivered ${this.namespace.delivery.name}`)
    const whole = this.#whole(publication)
    switch (this.namespace.delivery.name) {
      case 'stream':
        if (this.follows) this.#follow(whole)
        else this.#known(whole)
        return
      case 'lanes':
        if ((whole.offset ?? 0) > 0) this.#follow(whole)
        else this.#takeLow(whole)
        return
      case 'latest':
        this.#takeValue(whole)
        return
      case 'conflated':
        this.#patch(whole)
        return
      case 'ephemeral':
        this.#known(whole)
        return
    }
  }

  joined({ client }: ClientInfo): void {
    this.context.judge.hold(this.isOn, this.#say('heard a join outside of a subscription'))
    this.context.tally.count('joins heard')
    this.seen.add(client)
  }

  left({ client }: ClientInfo): void {
    this.context.judge.hold(this.isOn, this.#say('heard a leave outside of a subscription'))
    this.context.tally.count('leaves heard')
    this.seen.delete(client)
  }

  #follow(publication: WirePublication): void {
    // What is outside of the history is delivered as well as it may be.
    if ((publication.offset ?? 0) === 0) this.#known(publication)
    else this.#followed.take(publication)
  }

  /** Something that was published in this channel, whole. */
  #known({ data }: WirePublication): Entry | undefined {
    const entry = this.context.oracle.numbered(numberOf(data))
    const same = JSON.stringify(entry?.data) === JSON.stringify(data)
    this.context.judge.hold(same, this.#say(`got ${JSON.stringify(data)}, which nobody published`))
    return entry
  }

  #takeValue(publication: WirePublication): void {
    const entry = this.#known(publication)
    if (entry === undefined) return
    this.context.judge.hold(entry.order > this.#order, this.#say(`got value ${numberOf(publication.data)} after a newer one`))
    this.#order = entry.order
    this.values.set('', publication.data)
    const { position } = this
    if (position !== undefined) this.#followed.position = { epoch: position.epoch, offset: publication.offset ?? 0 }
  }

  #takeLow(publication: WirePublication): void {
    if (publication.removed) {
      this.values.delete(`stats ${publication.key ?? ''}`)
      return
    }
    const entry = this.#known(publication)
    if (entry !== undefined) this.values.set(`${entry.lane} ${publication.key ?? ''}`, publication.data)
  }

  #patch({ key = '', data, removed }: WirePublication): void {
    if (removed || data === null) this.values.delete(key)
    else this.values.set(key, patched(this.values.get(key), data))
  }

  #beginValues(data: Json | undefined): void {
    this.values = new Map(isFields(data) ? Object.entries(data).map(([key, value = null]) => [key, value]) : [])
  }

  #beginLanes(data: Json | undefined): void {
    this.values = new Map()
    if (!isFields(data) || !isFields(data.stats)) return
    for (const [key, value = null] of Object.entries(data.stats)) this.values.set(`stats ${key}`, value)
  }

  /** Undoes the delta, as an SDK does. */
  #whole(publication: WirePublication): WirePublication {
    if (!this.#delta) return publication
    const { data, delta } = publication
    if (typeof data !== 'string') throw new Error(this.#say('negotiated delta and got data that is no text'))
    this.context.tally.count(delta ? 'deltas' : 'delta bases')
    const text = delta ? unpacked(this.#data ?? '', data) : data
    this.#data = text
    return { ...publication, data: JSON.parse(text) }
  }

  #say(what: string): string {
    return `${this.who} in ${this.channel} ${what}`
  }
}

function unpacked(before: string, delta: string): string {
  const encoder = new TextEncoder()
  return new TextDecoder().decode(applyDelta(encoder.encode(before), encoder.encode(delta)))
}

type Fields = Readonly<Record<string, Json | undefined>>

function isFields(data: Json | undefined): data is Fields {
  return typeof data === 'object' && data !== null && !Array.isArray(data)
}

/** How a client of a `conflated` channel merges a change into what it has. */
export function patched(before: Json | undefined, change: Json): Json {
  return isFields(before) && isFields(change) ? { ...before, ...change } : change
}
