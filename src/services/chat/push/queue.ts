import { backoffMs, type Clock, type Random, RingBuffer, type Timer, unreachable } from '../../../kit/index.ts'
import type { Log } from '../../../service.ts'
import { type FollowUp, jobKey, joined, type NoteTask, nextOf, noteOf, type PushJob, seqOf, shownSeq } from './job.ts'
import { pushLimits } from './limits.ts'
import { type NoteContext, topicOf } from './note.ts'
import type { PushOutcome, PushSender, PushTally } from './sender.ts'
import type { PushSubscription } from './subscription.ts'

/** A request to send one note to one device. */
export interface SendRequest {
  readonly subscription: PushSubscription
  readonly sender: PushSender
  readonly conversation: string
  readonly task: NoteTask
  readonly ttlMs: number
}

export interface PushQueueOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly tally: PushTally
  /** Read before each attempt, since it changes. May reject. */
  readonly context: (user: string, conversation: string, seq: number | undefined) => Promise<NoteContext>
  readonly delivered: (job: PushJob) => void
  readonly gone: (subscription: PushSubscription) => void
}

/**
 * Notes waiting to be sent: one at a time for each device and conversation, with a bound for each push service and for all of them. A note is
 * retried until it is delivered, refused for good, or too old.
 */
export class PushQueue {
  readonly #byUser = new Map<string, Map<string, PushJob>>()
  readonly #lanes = new Map<string, OriginLane<PushJob>>()
  readonly #resting = new Set<Timer>()
  readonly #sending = new Set<Promise<void>>()
  #size = 0
  #inFlight = 0
  #complainAt = 0
  #wake: Timer | undefined
  #isClosed = false

  constructor(readonly options: PushQueueOptions) {}

  /** Notes that are not done with. */
  get size(): number {
    return this.#size
  }

  /** Those of a user, for what happens meanwhile to change or end. */
  of(user: string): readonly PushJob[] {
    return [...(this.#byUser.get(user)?.values() ?? [])]
  }

  /** Whether a device is being told of a message, or of a newer one. */
  tells({ user, device }: PushSubscription, conversation: string, seq: number): boolean {
    const under = this.#byUser.get(user)?.get(jobKey(user, device, conversation))
    return [under?.task, under && nextOf(under)?.task].some(task => task?.kind === 'message' && seqOf(task) >= seq)
  }

  /** Sends a note, in the place of one on the same conversation that still waits, or after the one that is being sent. */
  enqueue({ subscription, sender, conversation, task, ttlMs }: SendRequest): void {
    if (this.#isClosed) return
    const key = jobKey(subscription.user, subscription.device, conversation)
    const expiresAt = this.options.clock.now() + ttlMs
    const under = this.#byUser.get(subscription.user)?.get(key)
    const isSending = under?.state.kind === 'sending'
    const awaited = isSending ? nextOf(under)?.task : under?.task
    // A message that is still to come replaces what is shown anyway.
    if (task.kind !== 'message' && awaited?.kind === 'message') return
    if (isSending) under.state = { kind: 'sending', next: { task: joined(awaited, task), expiresAt } }
    else if (under?.subscription.endpoint === subscription.endpoint) Object.assign(under, { task: joined(awaited, task), expiresAt })
    else {
      if (under !== undefined) this.end(under)
      this.#add({ key, conversation, subscription, sender, task, expiresAt, tries: 0, state: { kind: 'waiting' } })
    }
  }

  /** Takes back a note that has not been sent. */
  end(job: PushJob): void {
    if (job.state.kind === 'ended') return
    if (job.state.kind === 'resting') {
      job.state.timer.cancel()
      this.#resting.delete(job.state.timer)
    }
    job.state = { kind: 'ended' }
    this.#size--
    const { user } = job.subscription
    const own = this.#byUser.get(user)
    if (own?.get(job.key) === job) own.delete(job.key)
    if (own?.size === 0) this.#byUser.delete(user)
  }

  /** Takes nothing more, and waits for what is being sent, which the senders are to end. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#wake?.cancel()
    for (const timer of this.#resting) timer.cancel()
    this.#resting.clear()
    this.#byUser.clear()
    this.#lanes.clear()
    await Promise.all(this.#sending)
  }

  #add(job: PushJob): void {
    if (this.#size >= pushLimits.deliveriesMax) this.#dropOldest()
    const { user } = job.subscription
    const own = this.#byUser.get(user) ?? new Map<string, PushJob>()
    this.#byUser.set(user, own.set(job.key, job))
    this.#size++
    this.#queue(job)
  }

  #dropOldest(): void {
    for (const own of this.#byUser.values()) {
      for (const job of own.values()) {
        if (job.state.kind === 'sending') continue
        this.#giveUp(job, 'dropped', 'too many wait')
        return
      }
    }
  }

  #queue(job: PushJob): void {
    job.state = { kind: 'waiting' }
    const origin = job.sender.originOf(job.subscription)
    const lane = this.#lanes.get(origin) ?? new OriginLane<PushJob>()
    this.#lanes.set(origin, lane)
    lane.push(job)
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
        const job = lane.enter(now)
        if (job === undefined) continue
        moved = true
        if (job.state.kind === 'ended') lane.leave()
        else this.#dispatch(job, lane)
      }
    }
    this.#wakeAfterPause(now)
  }

  #wakeAfterPause(now: number): void {
    this.#wake?.cancel()
    const ends = [...this.#lanes.values()].filter(lane => lane.size > 0 && lane.pausedUntil > now).map(lane => lane.pausedUntil)
    this.#wake = ends.length === 0 ? undefined : this.options.clock.after(Math.min(...ends) - now, () => this.#pump())
  }

  #dispatch(job: PushJob, lane: OriginLane<PushJob>): void {
    const sending = this.#send(job, lane).finally(() => this.#sending.delete(sending))
    this.#sending.add(sending)
  }

  async #send(job: PushJob, lane: OriginLane<PushJob>): Promise<void> {
    this.#inFlight++
    job.state = { kind: 'sending' }
    const outcome = await this.#try(job)
    this.#inFlight--
    lane.leave()
    if (!this.#isClosed) this.#settle(job, outcome, lane)
    else if (outcome.kind === 'delivered') this.options.delivered(job)
    this.#pump()
  }

  async #try(job: PushJob): Promise<PushOutcome> {
    const { clock, context } = this.options
    const { subscription, sender, task, conversation } = job
    const leftMs = job.expiresAt - clock.now()
    if (leftMs <= 0) return { kind: 'failed', reason: 'it is too old' }
    try {
      const { user } = subscription
      const current = await context(user, conversation, shownSeq(task))
      return await sender.send(subscription, noteOf(task, conversation, current, topicOf(user, conversation), leftMs))
    } catch (error) {
      return { kind: 'later', reason: error instanceof Error ? error.message : String(error) }
    }
  }

  #settle(job: PushJob, outcome: PushOutcome, lane: OriginLane<PushJob>): void {
    const { tally, delivered, gone, clock } = this.options
    const next = nextOf(job)
    switch (outcome.kind) {
      case 'delivered':
        tally.add('delivered')
        this.end(job)
        delivered(job)
        this.#follow(job, next)
        break
      case 'gone':
        tally.add('gone')
        this.end(job)
        gone(job.subscription)
        break
      case 'too-large':
        this.#giveUp(job, 'failed', 'it is too large')
        this.#follow(job, next)
        break
      case 'failed':
        this.#giveUp(job, job.expiresAt <= clock.now() ? 'expired' : 'failed', outcome.reason)
        this.#follow(job, next)
        break
      case 'later':
        this.#retry(job, outcome, lane)
        break
      default:
        unreachable(outcome)
    }
  }

  /** A task that came while the note was being sent takes its place, or goes out after it. */
  #follow({ subscription, sender, conversation }: PushJob, next: FollowUp | undefined): void {
    if (next === undefined) return
    this.enqueue({ subscription, sender, conversation, ...next, ttlMs: next.expiresAt - this.options.clock.now() })
  }

  #retry(job: PushJob, { reason, afterMs }: Extract<PushOutcome, { kind: 'later' }>, lane: OriginLane<PushJob>): void {
    const { clock, random, tally } = this.options
    job.tries++
    const next = nextOf(job)
    if (next !== undefined) Object.assign(job, { ...next, task: joined(job.task, next.task), tries: 1 })
    const now = clock.now()
    if (afterMs !== undefined) lane.pause(now + afterMs)
    if (job.tries >= pushLimits.triesMax) this.#giveUp(job, 'failed', reason)
    else if (now + (afterMs ?? 0) >= job.expiresAt) this.#giveUp(job, 'expired', reason)
    else {
      tally.add('retried')
      if (afterMs !== undefined) this.#queue(job)
      else this.#rest(job, backoffMs(job.tries - 1, random, pushLimits.backoff))
    }
  }

  #rest(job: PushJob, ms: number): void {
    const timer = this.options.clock.after(ms, () => {
      this.#resting.delete(timer)
      this.#queue(job)
    })
    this.#resting.add(timer)
    job.state = { kind: 'resting', timer }
  }

  #giveUp(job: PushJob, result: 'failed' | 'expired' | 'dropped', reason: string): void {
    const { clock, log, tally } = this.options
    const { subscription, sender } = job
    this.end(job)
    tally.add(result)
    // The endpoint is not told: whoever knows it can send there.
    const fields = { user: subscription.user, device: subscription.device, origin: sender.originOf(subscription), reason }
    const isDue = clock.now() >= this.#complainAt
    if (isDue) this.#complainAt = clock.now() + pushLimits.logThrottleMs
    log[isDue ? 'warn' : 'debug'](fields, 'a device was not notified, and will not be')
  }
}

/** The jobs that wait for one push service, in order, and the number under way. */
class OriginLane<T> {
  readonly #waiting = new RingBuffer<T>()
  #inFlight = 0
  #pausedUntil = 0

  get isIdle(): boolean {
    return this.#waiting.size === 0 && this.#inFlight === 0
  }

  /** When it may be asked again; at once where it is past. */
  get pausedUntil(): number {
    return this.#pausedUntil
  }

  get size(): number {
    return this.#waiting.size
  }

  push(item: T): void {
    this.#waiting.push(item)
  }

  /** The next one, if the push service may be called now. One must `leave` when it is done. */
  enter(now: number): T | undefined {
    if (now < this.#pausedUntil || this.#inFlight >= pushLimits.inFlightPerOriginMax) return undefined
    const next = this.#waiting.shift()
    if (next !== undefined) this.#inFlight++
    return next
  }

  leave(): void {
    this.#inFlight--
  }

  /** The push service asked for a rest; the longest that it asked for counts. */
  pause(until: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, until)
  }
}
