import type { Random } from '../../../src/kit/index.ts'
import type { ChatCommands, InboxEntry } from '../../../src/services/chat/model/wire.ts'
import type { Pace } from '../../cluster/websocket-pipe.ts'
import type { Copy } from './replica.ts'

/** What a device holds, as far as checks look at it. */
export interface Held {
  readonly copies: ReadonlyMap<string, Copy>
  /** Offsets of the inbox that came, and what came there; from behind `since` on, all of them. */
  readonly items: ReadonlyMap<number, InboxEntry>
  readonly since: number
  /** Everything up to here is held, or what came of it. */
  readonly held: number
  /** Whether the list of conversations is known. */
  readonly isListed: boolean
  unread(copy: Copy): number
}

/** A device in somebody's hand, whatever runs on it. */
export interface Handheld {
  readonly user: string
  readonly name: string
  readonly random: Random
  readonly pace: Pace
  readonly isConnected: boolean
  readonly replica: Held
  /** What its user wants and the server has not answered. */
  readonly waiting: readonly string[]
  wish<M extends keyof ChatCommands>(method: M, input: ChatCommands[M]['in']): void
  cut(how: 'clean' | 'silent'): void
  /** Away for a while, whatever comes meanwhile. */
  sleep(ms: number): void
  wake(): void
  /** Loses all it keeps. */
  wipe(): void
  /** Looks at everything once more, back to the beginning. */
  review(): void
}
