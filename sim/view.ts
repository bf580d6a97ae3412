import { applyDelta } from 'fossil-delta'
import type { Namespace } from '../src/hub/index.ts'
import type { Json } from '../src/kit/index.ts'
import type { ClientInfo, Position } from '../src/protocol/index.ts'
import type { Judge } from './judge.ts'
import { type Entry, type Ledger, numberOf } from './ledger.ts'
import type { Tally } from './tally.ts'
import type { WirePublication, WireSubscription } from './wire.ts'

export interface ViewContext {
  readonly judge: Judge
  readonly ledger: Ledger
  readonly tally: Tally
  readonly now: () => number
  /** Nothing is lost on the way, nobody is slow and nothing breaks: urgent things must be quick. */
  readonly promptMs: number | undefined
}

/** One client's knowledge of one channel, held to every promise that the channel's delivery makes. */
export class View {
  position: Position | undefined
  isOn = false
  /** What is known of the values of a `latest`, `conflated` or low-lane channel, by key. */
  values = new Map<string, Json>()
  /** Clients that were seen to come, and not to go. */
  readonly seen = new Set<string>()
  beganAt = 0
  #data: string | undefined
  #order = 0
  #delta = false

  constructor(
    readonly context: ViewContext,
    readonly channel: string,
    readonly namespace: Namespace,
    readonly who: string,
    /** Nothing may be seen earlier than this after it happened. */
    readonly delayMs = 0,
  ) {}

  /** The place from which to go on; undefined where there is none. */
  get since(): Position | undefined {
    return this.position
  }

  get follows(): boolean {
    return this.namespace.delivery.recovers === 'all'
  }

  /** The subscription began. `since` is where it was asked to go on. */
  begin(reply: WireSubscription, since: Position | undefined): void {
    const { judge, tally } = this.context
    judge.hold(!this.isOn, this.#say('began twice'))
    this.isOn = true
    this.beganAt = this.context.now()
    this.seen.clear()
    this.#order = 0
    this.#delta = reply.delta === true
    const { publications = [], recovered = false, epoch = '', offset = 0 } = reply
    tally.count(since === undefined ? 'subscribed' : recovered ? 'recovered' : 'not recovered')
    if (epoch !== '') this.position = { epoch, offset }
    if (this.follows) this.#beginFollowing(reply, since)
    else if (this.namespace.delivery.name === 'latest') for (const publication of publications) this.#takeValue(publication)
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

  #beginFollowing({ publications = [], recovered = false, epoch = '', offset = 0 }: WireSubscription, since: Position | undefined): void {
    const { judge } = this.context
    if (since === undefined || !recovered) {
      judge.hold(publications.length === 0, this.#say(`was not recovered, and got ${publications.length} publications all the same`))
      return
    }
    judge.hold(epoch === since.epoch, this.#say(`was recovered from epoch ${since.epoch} into ${epoch}`))
    judge.hold(offset === since.offset, this.#say(`asked for what came after ${since.offset} and was told ${offset}`))
    for (const publication of publications) this.#follow(this.#whole(publication))
  }

  /** Gapless, in order, each once, and the right one. */
  #follow({ offset = 0, data }: WirePublication): void {
    const { judge } = this.context
    // What is outside of the history is delivered as well as it may be.
    if (offset === 0) {
      this.#known({ data })
      return
    }
    const { epoch = '', offset: before = 0 } = this.position ?? {}
    const entry = this.context.ledger.at(this.channel, epoch, offset)
    judge.hold(entry !== undefined, this.#say(`got offset ${offset} of epoch ${epoch}, which nobody published`))
    const isNext = offset > before && (entry?.after ?? 0) <= before
    judge.hold(isNext, this.#say(`got offset ${offset}, which comes after ${entry?.after}, where it stood at ${before}`))
    this.position = { epoch, offset }
    judge.hold(JSON.stringify(entry?.data) === JSON.stringify(data), this.#say(`got other data at ${offset} than was published`))
    if (entry !== undefined) this.#checkPrompt(entry)
  }

  #checkPrompt(entry: Entry): void {
    const { promptMs, now, judge } = this.context
    // Where nothing breaks all clocks agree.
    if (promptMs === undefined) return
    const ageMs = now() - entry.at
    judge.hold(ageMs >= this.delayMs, this.#say(`saw after ${ageMs} ms what should come after ${this.delayMs}`))
    if (entry.at >= this.beganAt) judge.hold(ageMs <= this.delayMs + promptMs, this.#say(`waited ${ageMs} ms for what should come at once`))
  }

  /** Something that was published in this channel, whole. */
  #known({ data }: WirePublication): Entry | undefined {
    const entry = this.context.ledger.numbered(numberOf(data))
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
    if (this.position !== undefined) this.position = { epoch: this.position.epoch, offset: publication.offset ?? 0 }
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
