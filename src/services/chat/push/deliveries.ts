import type { Log } from '../../../hub/index.ts'
import { backoffMs, type Clock, type Random, type Timer, unreachable } from '../../../kit/index.ts'
import { type Delivery, deliveryKey, type Errand, joined, noteOf, seqOf, shownSeq } from './delivery.ts'
import { pushLimits } from './limits.ts'
import { OriginLane } from './origin-lane.ts'
import type { NoteContext } from './push-note.ts'
import type { PushOutcome, PushSender } from './push-sender.ts'
import type { PushSubscription } from './push-subscription.ts'
import type { PushTally } from './tally.ts'
import { topicOf } from './topic.ts'

/** One note for one device. */
export interface Order {
  readonly subscription: PushSubscription
  readonly sender: PushSender
  readonly conversation: string
  readonly errand: Errand
  readonly ttlMs: number
}

export interface DeliveriesOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly tally: PushTally
  /** What is asked before each try, since it changes. May reject. */
  readonly context: (user: string, conversation: string, seq: number | undefined) => Promise<NoteContext>
  readonly delivered: (delivery: Delivery) => void
  readonly gone: (subscription: PushSubscription) => void
}

/**
 * Notes on their way: one at a time for each device and conversation, so many at a time for each push service and for all, tried again until
 * they are delivered, in vain, or too old.
 */
export class Deliveries {
  readonly #byUser = new Map<string, Map<string, Delivery>>()
  readonly #lanes = new Map<string, OriginLane<Delivery>>()
  readonly #resting = new Map<Delivery, Timer>()
  readonly #sending = new Set<Promise<void>>()
  #size = 0
  #inFlight = 0
  #complainAt = 0
  #wake: Timer | undefined
  #isClosed = false

  constructor(readonly options: DeliveriesOptions) {}

  /** Notes that are not done with. */
  get size(): number {
    return this.#size
  }

  /** Those of a user, for what happens meanwhile to change or end. */
  of(user: string): readonly Delivery[] {
    return [...(this.#byUser.get(user)?.values() ?? [])]
  }

  /** Whether a device is being told of a message, or of a newer one. */
  tells({ user, device }: PushSubscription, conversation: string, seq: number): boolean {
    const under = this.#byUser.get(user)?.get(deliveryKey(user, device, conversation))
    return [under?.errand, under?.next?.errand].some(errand => errand?.kind === 'message' && seqOf(errand) >= seq)
  }

  /** Sends a note, in the place of one on the same conversation that still waits, or after the one that is being sent. */
  order({ subscription, sender, conversation, errand, ttlMs }: Order): void {
    if (this.#isClosed) return
    const key = deliveryKey(subscription.user, subscription.device, conversation)
    const expiresAt = this.options.clock.now() + ttlMs
    const under = this.#byUser.get(subscription.user)?.get(key)
    const awaited = under?.state === 'sending' ? under.next?.errand : under?.errand
    // A message that is still to come replaces what is shown anyway.
    if (errand.kind !== 'message' && awaited?.kind === 'message') return
    if (under?.state === 'sending') under.next = { errand: joined(awaited, errand), expiresAt }
    else if (under?.subscription.endpoint === subscription.endpoint) Object.assign(under, { errand: joined(awaited, errand), expiresAt })
    else {
      if (under !== undefined) this.end(under)
      this.#add({ key, conversation, subscription, sender, errand, expiresAt, tries: 0, state: 'waiting', next: undefined })
    }
  }

  /** Takes back a note that has not been sent. */
  end(delivery: Delivery): void {
    if (delivery.state === 'ended') return
    this.#resting.get(delivery)?.cancel()
    this.#resting.delete(delivery)
    delivery.state = 'ended'
    this.#size--
    const { user } = delivery.subscription
    const own = this.#byUser.get(user)
    if (own?.get(delivery.key) === delivery) own.delete(delivery.key)
    if (own?.size === 0) this.#byUser.delete(user)
  }

  /** Takes nothing more, and waits for what is being sent, which the senders are to end. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#wake?.cancel()
    for (const timer of this.#resting.values()) timer.cancel()
    this.#resting.clear()
    this.#byUser.clear()
    this.#lanes.clear()
    await Promise.all(this.#sending)
  }

  #add(delivery: Delivery): void {
    if (this.#size >= pushLimits.deliveriesMax) this.#dropOldest()
    const { user } = delivery.subscription
    const own = this.#byUser.get(user) ?? new Map<string, Delivery>()
    this.#byUser.set(user, own.set(delivery.key, delivery))
    this.#size++
    this.#queue(delivery)
  }

  #dropOldest(): void {
    for (const own of this.#byUser.values()) {
      for (const delivery of own.values()) {
        if (delivery.state === 'sending') continue
        this.#giveUp(delivery, 'dropped', 'too many wait')
        return
      }
    }
  }

  #queue(delivery: Delivery): void {
    delivery.state = 'waiting'
    const origin = delivery.sender.originOf(delivery.subscription)
    const lane = this.#lanes.get(origin) ?? new OriginLane<Delivery>()
    this.#lanes.set(origin, lane)
    lane.push(delivery)
    this.#pump()
  }

  /** Fills what is free, a note of each push service in turn. */
  #pump(): void {
    if (this.#isClosed) return
    const now = this.options.clock.now()
    for (let moved = true; moved && this.#inFlight < pushLimits.inFlightMax; ) {
      moved = false
      for (const [origin, lane] of this.#lanes) {
        if (lane.isIdle && lane.pausedUntil <= now) this.#lanes.delete(origin)
        if (this.#inFlight >= pushLimits.inFlightMax) break
        const delivery = lane.enter(now)
        if (delivery === undefined) continue
        moved = true
        if (delivery.state === 'ended') lane.leave()
        else this.#dispatch(delivery, lane)
      }
    }
    this.#wakeAfterPause(now)
  }

  #wakeAfterPause(now: number): void {
    this.#wake?.cancel()
    const ends = [...this.#lanes.values()].filter(lane => lane.size > 0 && lane.pausedUntil > now).map(lane => lane.pausedUntil)
    this.#wake = ends.length === 0 ? undefined : this.options.clock.after(Math.min(...ends) - now, () => this.#pump())
  }

  #dispatch(delivery: Delivery, lane: OriginLane<Delivery>): void {
    const sending = this.#send(delivery, lane).finally(() => this.#sending.delete(sending))
    this.#sending.add(sending)
  }

  async #send(delivery: Delivery, lane: OriginLane<Delivery>): Promise<void> {
    this.#inFlight++
    delivery.state = 'sending'
    const outcome = await this.#try(delivery)
    this.#inFlight--
    lane.leave()
    if (!this.#isClosed) this.#settle(delivery, outcome, lane)
    else if (outcome.kind === 'delivered') this.options.delivered(delivery)
    this.#pump()
  }

  async #try(delivery: Delivery): Promise<PushOutcome> {
    const { clock, context } = this.options
    const { subscription, sender, errand, conversation } = delivery
    const leftMs = delivery.expiresAt - clock.now()
    if (leftMs <= 0) return { kind: 'failed', reason: 'it is too old' }
    try {
      const { user } = subscription
      const current = await context(user, conversation, shownSeq(errand))
      return await sender.send(subscription, noteOf(errand, conversation, current, topicOf(user, conversation), leftMs))
    } catch (error) {
      return { kind: 'later', reason: error instanceof Error ? error.message : String(error) }
    }
  }

  #settle(delivery: Delivery, outcome: PushOutcome, lane: OriginLane<Delivery>): void {
    const { tally, delivered, gone, clock } = this.options
    switch (outcome.kind) {
      case 'delivered':
        tally.add('delivered')
        this.end(delivery)
        delivered(delivery)
        this.#follow(delivery)
        break
      case 'gone':
        tally.add('gone')
        this.end(delivery)
        gone(delivery.subscription)
        break
      case 'too-large':
        this.#giveUp(delivery, 'failed', 'it is too large')
        this.#follow(delivery)
        break
      case 'failed':
        this.#giveUp(delivery, delivery.expiresAt <= clock.now() ? 'expired' : 'failed', outcome.reason)
        this.#follow(delivery)
        break
      case 'later':
        this.#retry(delivery, outcome, lane)
        break
      default:
        unreachable(outcome)
    }
  }

  /** What came while the note was being sent takes its place, or goes out after it. */
  #follow({ subscription, sender, conversation, next }: Delivery): void {
    if (next === undefined) return
    this.order({ subscription, sender, conversation, ...next, ttlMs: next.expiresAt - this.options.clock.now() })
  }

  #retry(delivery: Delivery, { reason, afterMs }: Extract<PushOutcome, { kind: 'later' }>, lane: OriginLane<Delivery>): void {
    const { clock, random, tally } = this.options
    delivery.tries++
    const { next } = delivery
    if (next !== undefined) Object.assign(delivery, { ...next, errand: joined(delivery.errand, next.errand), next: undefined, tries: 1 })
    const now = clock.now()
    if (afterMs !== undefined) lane.pause(now + afterMs)
    if (delivery.tries >= pushLimits.triesMax) this.#giveUp(delivery, 'failed', reason)
    else if (now + (afterMs ?? 0) >= delivery.expiresAt) this.#giveUp(delivery, 'expired', reason)
    else {
      tally.add('retried')
      if (afterMs !== undefined) this.#queue(delivery)
      else this.#rest(delivery, backoffMs(delivery.tries - 1, random, pushLimits.backoff))
    }
  }

  #rest(delivery: Delivery, ms: number): void {
    delivery.state = 'resting'
    const timer = this.options.clock.after(ms, () => {
      this.#resting.delete(delivery)
      this.#queue(delivery)
    })
    this.#resting.set(delivery, timer)
  }

  #giveUp(delivery: Delivery, result: 'failed' | 'expired' | 'dropped', reason: string): void {
    const { clock, log, tally } = this.options
    const { subscription, sender } = delivery
    this.end(delivery)
    tally.add(result)
    // The endpoint is not told: whoever knows it can send there.
    const fields = { user: subscription.user, device: subscription.device, origin: sender.originOf(subscription), reason }
    const isDue = clock.now() >= this.#complainAt
    if (isDue) this.#complainAt = clock.now() + pushLimits.complaintMs
    log[isDue ? 'warn' : 'debug'](fields, 'a device was not notified, and will not be')
  }
}
