import { type Close, closes } from '../../protocol/index.ts'
import { isLoopbackAddress, networkOf } from '../access/principal.ts'
import type { Limits } from '../limits.ts'

/** Connections that may always be there without having said who they are, however little room there is in all. */
const unidentifiedMin = 64
/** Of all connections, in percent. They have `staleMs` to say it. */
const unidentifiedPercent = 10

/** The client may come back when others have gone, unlike one that is over a limit of its own. */
export const full: Close = { code: closes.tooManyRequests.code, reason: 'connection limit' }

/** The class of a session in the room: not identified yet, a stranger, or not limited. */
export type RoomClass = 'unidentified' | 'stranger' | 'free'

/** A connection that takes up room. */
export interface Occupant {
  readonly user: string
  readonly address: string
  standing: RoomClass
}

/** Counts the node's connections by class and address, so that strangers leave room for known users, and one address for others. */
export class Room {
  readonly #totals = { unidentified: 0, stranger: 0 }
  #closing = 0
  readonly #byNetwork = { unidentified: new Map<string, number>(), stranger: new Map<string, number>() }

  constructor(readonly limits: Limits) {}

  get strangers(): number {
    return this.#totals.stranger
  }

  /** Whether one more connection from there may come to say who it is. */
  admits(address: string, sessions: number): 'yes' | 'full' | 'address' {
    const { sessionsMax, strangersPerAddressMax } = this.limits
    if (sessions + this.#closing >= sessionsMax || this.#totals.unidentified >= this.#unidentifiedMax) return 'full'
    if (!isCounted(address)) return 'yes'
    return (this.#byNetwork.unidentified.get(networkOf(address)) ?? 0) < strangersPerAddressMax ? 'yes' : 'address'
  }

  get #unidentifiedMax(): number {
    return Math.max(unidentifiedMin, Math.floor((this.limits.sessionsMax * unidentifiedPercent) / 100))
  }

  /**
   * A connection whose session has ended stays until its client has read the rest, which may take long. Whether one more may: it takes the place
   * of a connection, and whoever is closed could go on holding it, beyond every limit of sessions.
   */
  lingers(): boolean {
    if (this.#closing >= this.#unidentifiedMax) return false
    this.#closing++
    return true
  }

  lingered(): void {
    this.#closing--
  }

  came(session: Occupant): void {
    this.#move(session, 'unidentified')
  }

  /** The session has said who it is: why it may not stay; undefined where it may. */
  identified(session: Occupant): Close | undefined {
    this.left(session)
    if (session.user !== '') return undefined
    const { sessionsMax, knownUsersPercent, strangersPerAddressMax } = this.limits
    const ofNetwork = isCounted(session.address) ? (this.#byNetwork.stranger.get(networkOf(session.address)) ?? 0) : 0
    // The others behind the address are other people's, who will go: it is no limit of this client's own.
    if (ofNetwork >= strangersPerAddressMax) return full
    if (this.strangers >= sessionsMax - Math.floor((sessionsMax * knownUsersPercent) / 100)) return full
    this.#move(session, 'stranger')
    return undefined
  }

  left(session: Occupant): void {
    this.#move(session, 'free')
  }

  #move(session: Occupant, standing: RoomClass): void {
    this.#add(session, -1)
    session.standing = standing
    this.#add(session, 1)
  }

  #add({ standing, address }: Occupant, change: 1 | -1): void {
    if (standing === 'free') return
    this.#totals[standing] += change
    if (!isCounted(address)) return
    const counts = this.#byNetwork[standing]
    const network = networkOf(address)
    const count = (counts.get(network) ?? 0) + change
    if (count === 0) counts.delete(network)
    else counts.set(network, count)
  }
}

/** Behind an address of this machine, or one that a proxy does not say, there may be everybody. */
function isCounted(address: string): boolean {
  return address !== '' && !isLoopbackAddress(address)
}
