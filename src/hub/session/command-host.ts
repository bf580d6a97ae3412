import type { Clock, Json } from '../../kit/index.ts'
import type { Position } from '../../protocol/index.ts'
import type { Access } from '../access/access.ts'
import type { Refusals } from '../access/refusals.ts'
import type { Revocations } from '../access/revocations.ts'
import type { TokenCheck } from '../access/token-check.ts'
import type { Hub } from '../channel/hub.ts'
import type { PersonalChannel } from '../channel/personal-channel.ts'
import type { HistoryPage, HistoryQuery, PublishOptions } from '../contracts/broker.ts'
import type { AskingHooks } from '../contracts/hooks.ts'
import type { Log } from '../contracts/log.ts'
import type { Presence } from '../contracts/presence.ts'
import type { Counters } from '../counters.ts'
import type { Limits } from '../limits.ts'
import type { CommandContext } from './command-method.ts'
import type { ConnectHandlers } from './connect-handlers.ts'
import type { RecentControls } from './recent-controls.ts'
import type { Session } from './session.ts'
import type { SessionOwner } from './session-context.ts'
import type { Sessions } from './sessions.ts'
import type { Steps } from './steps.ts'

/** The part of a node that the commands of its sessions need. */
export interface CommandHost {
  readonly id: string
  readonly version: string
  readonly options: {
    readonly hooks: AskingHooks
    readonly anonymousAllowed: boolean
    readonly personalChannel?: PersonalChannel | undefined
  }
  readonly clock: Clock
  readonly log: Log
  readonly limits: Limits
  readonly counters: Counters
  readonly access: Access
  readonly tokens: TokenCheck
  readonly refusals: Refusals
  readonly revocations: Revocations
  readonly recentControls: RecentControls
  readonly connectHandlers: ConnectHandlers
  readonly sessions: Sessions
  readonly owner: SessionOwner<Session>
  readonly hub: Hub
  readonly presence: Presence
  readonly steps: Steps
  publish(channel: string, data: Json, options: PublishOptions): Promise<Position>
  history(channel: string, query: HistoryQuery, delayMs?: number): Promise<HistoryPage>
  call(method: string, data: Json | undefined, context: CommandContext): Promise<Json | undefined>
  received(session: Session, data: Json | undefined): void
}
