import { RingBuffer } from '../../kit/index.ts'
import { closes } from '../../protocol/index.ts'
import type { SessionControl } from '../contracts/broker.ts'
import { concerns } from './concerns.ts'
import type { Session } from './session.ts'

/** Controls that are kept while it is found out who somebody is, some hundred bytes each. Beyond: who was meanwhile must come again. */
const keptMax = 10_000

/** Controls of one session: what was asked of its user before it was known to be theirs. */
export type Missed = { readonly kind: 'complete'; readonly controls: readonly SessionControl[] } | { readonly kind: 'lost' }

const nothing: Missed = { kind: 'complete', controls: [] }

/**
 * What the server API asked of users while sessions were still being identified, which may turn out to be theirs: a hook or a key server takes
 * its time, and whoever was disconnected in that time must not get in.
 */
export class RecentControls {
  readonly #kept = new RingBuffer<SessionControl>()
  /** Of the next control, counted from the start. */
  #number = 0
  /** Sessions that are being identified, with the number of the first control that they might miss, the oldest first. */
  readonly #identifying = new Map<Session, number>()
  /** Ids of sessions that have asked for the end of the user's others, and have not heard that yet. */
  readonly #succeeding = new Set<string>()

  began(session: Session): void {
    this.#identifying.delete(session)
    this.#identifying.set(session, this.#number)
  }

  /** The session ends the user's others, those that come before it in the order of all such requests. */
  succeeds(id: string): void {
    this.#succeeding.add(id)
  }

  /** The request was heard, or could not be made. */
  succeeded(id: string): void {
    this.#succeeding.delete(id)
  }

  /** Whether a control ends this session: a request of a successor does not where the session's own comes later. */
  ends(control: SessionControl & { readonly kind: 'disconnect' }, { id }: Pick<Session, 'id'>): boolean {
    return control.whitelist?.includes(id) !== true && !(isOfSuccessor(control) && this.#succeeding.has(id))
  }

  took(control: SessionControl): void {
    if (control.kind === 'disconnect' && isOfSuccessor(control)) for (const id of control.whitelist ?? []) this.succeeded(id)
    if (this.#identifying.size === 0 || isOfSuccessor(control)) return
    this.#kept.push(control)
    this.#number++
    if (this.#kept.size > keptMax) this.#kept.shift()
  }

  /** The session has come to its end, or is known. */
  ended(session: Session): void {
    if (!this.#identifying.delete(session)) return
    const [oldest = this.#number] = this.#identifying.values()
    while (this.#kept.size > this.#number - oldest) this.#kept.shift()
  }

  /** The controls that concern the session, now that it is identified. */
  missedBy(session: Session): Missed {
    const missed = this.#missedSince(this.#identifying.get(session) ?? this.#number, session)
    this.ended(session)
    return missed
  }

  #missedSince(since: number, session: Session): Missed {
    if (since === this.#number) return nothing
    const first = this.#number - this.#kept.size
    if (since < first) return { kind: 'lost' }
    return { kind: 'complete', controls: this.#kept.slice(since - first).filter(control => concerns(control, session)) }
  }
}

/** A connection that ends the user's others means those that there are: one that comes later ends this one in its turn. */
function isOfSuccessor(control: SessionControl): boolean {
  return control.kind === 'disconnect' && control.code === closes.connectionLimit.code && control.whitelist !== undefined
}
