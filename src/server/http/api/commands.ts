import type { ApiCommand } from './command.ts'
import { disconnect, refresh, subscribe, unsubscribe } from './control.ts'
import { broadcast, publish } from './publishing.ts'
import { channels, history, historyRemove, info, presence, presenceStats } from './reading.ts'
import { invalidateUserTokens, revokeToken } from './revoking.ts'

/** The commands of the server API by name, each at `POST /api/<name>` and in a batch. Names and shapes are Centrifugo's. */
export const apiCommands: ReadonlyMap<string, ApiCommand> = new Map([
  ['publish', publish],
  ['broadcast', broadcast],
  ['presence', presence],
  ['presence_stats', presenceStats],
  ['history', history],
  ['history_remove', historyRemove],
  ['channels', channels],
  ['info', info],
  ['subscribe', subscribe],
  ['unsubscribe', unsubscribe],
  ['disconnect', disconnect],
  ['refresh', refresh],
  ['revoke_token', revokeToken],
  ['invalidate_user_tokens', invalidateUserTokens],
])
