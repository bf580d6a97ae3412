import type { Clock } from '../../kit/index.ts'
import { CommandError, errors } from '../../protocol/index.ts'

/** Revokes tokens before they expire. Times are Unix seconds; an `expireAt` of 0 is never. */
export type Revocation =
  /** The token with this `jti`. */
  | { readonly kind: 'token'; readonly uid: string; readonly expireAt: number }
  /** All tokens of a user, or with a channel the subscription tokens for it, that were issued before a time. */
  | {
      readonly kind: 'user'
      readonly user: string
      readonly channel: string
      readonly issuedBefore: number
      readonly expireAt: number
    }

/** The claims by which a token can be revoked. Without `issuedAt` it cannot be newer than a revocation. */
export interface TokenMark {
  readonly uid?: string
  /** Unix seconds. */
  readonly issuedAt?: number
}

export interface NumberedRevocation {
  readonly number: number
  readonly revocation: Revocation
}

/** Some 200 bytes each. Beyond: error 106, since a revocation that is dropped in silence is none. */
const revocationsMax = 1_000_000

/** The tokens that are void before their end. Every node knows all of them. */
export class Revocations {
  /** In the order in which they came or were changed. */
  readonly #all = new Map<string, NumberedRevocation>()
  #count = 0

  constructor(readonly clock: Clock) {}

  get size(): number {
    return this.#all.size
  }

  /** @returns what is known from now on, or undefined where nothing is new @throws CommandError 106 where there are too many */
  add(given: Revocation): Revocation | undefined {
    const key = keyOf(given)
    const known = this.#all.get(key)?.revocation
    const revocation = known === undefined ? given : joined(known, given)
    if (known !== undefined && JSON.stringify(known) === JSON.stringify(revocation)) return undefined
    if (known === undefined) this.makeRoomForOne()
    this.#all.delete(key)
    this.#all.set(key, { number: ++this.#count, revocation })
    return revocation
  }

  find(key: string): Revocation | undefined {
    return this.#all.get(key)?.revocation
  }

  /** @throws CommandError 106 where there are too many */
  makeRoomForOne(): void {
    if (this.#all.size >= revocationsMax) this.#makeRoom()
  }

  /** Whether a connection token is void. */
  coversConnection(user: string, mark: TokenMark): boolean {
    return this.#all.size > 0 && (this.#coversUid(mark) || this.#coversUser(user, '', mark))
  }

  /** Whether a subscription token is void. */
  coversSubscription(user: string, channel: string, mark: TokenMark): boolean {
    return this.coversConnection(user, mark) || (this.#all.size > 0 && this.#coversUser(user, channel, mark))
  }

  /** Those that came after a number, in order. */
  after(number: number, limit: number): NumberedRevocation[] {
    const page: NumberedRevocation[] = []
    for (const numbered of this.#all.values()) {
      if (numbered.number > number) page.push(numbered)
      if (page.length === limit) break
    }
    return page
  }

  #coversUid({ uid }: TokenMark): boolean {
    return uid !== undefined && this.#get(`token ${uid}`) !== undefined
  }

  #coversUser(user: string, channel: string, { issuedAt }: TokenMark): boolean {
    const found = user === '' ? undefined : this.#get(`user ${JSON.stringify([user, channel])}`)
    return found?.kind === 'user' && (issuedAt === undefined || issuedAt < found.issuedBefore)
  }

  #get(key: string): Revocation | undefined {
    const found = this.#all.get(key)?.revocation
    return found === undefined || isOver(found, this.clock.now()) ? undefined : found
  }

  #makeRoom(): void {
    const now = this.clock.now()
    for (const [key, { revocation }] of this.#all) if (isOver(revocation, now)) this.#all.delete(key)
    if (this.#all.size >= revocationsMax) throw new CommandError(errors.limitExceeded, `at most ${revocationsMax} revocations`)
  }
}

/** Whether no token is left that it could concern. */
export function isOver({ expireAt }: Revocation, nowMs: number): boolean {
  return expireAt !== 0 && expireAt * 1000 <= nowMs
}

/** One key for all that concerns the same tokens. */
export function keyOf(revocation: Revocation): string {
  return revocation.kind === 'token' ? `token ${revocation.uid}` : `user ${JSON.stringify([revocation.user, revocation.channel])}`
}

/** Both of one key: whatever one of them made void stays so. */
function joined(left: Revocation, right: Revocation): Revocation {
  const expireAt = left.expireAt === 0 || right.expireAt === 0 ? 0 : Math.max(left.expireAt, right.expireAt)
  if (left.kind !== 'user' || right.kind !== 'user') return { ...right, expireAt }
  return { ...right, issuedBefore: Math.max(left.issuedBefore, right.issuedBefore), expireAt }
}
