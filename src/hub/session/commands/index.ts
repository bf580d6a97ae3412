import { unreachable } from '../../../kit/index.ts'
import { type Command, CommandError, encodeReply, errors } from '../../../protocol/index.ts'
import { replyFrame } from '../../fanout/frame.ts'
import type { CommandHost } from '../command-host.ts'
import type { Session } from '../session.ts'
import { connect } from './connect.ts'
import { history } from './history.ts'
import { presence, presenceStats } from './presence.ts'
import { publish } from './publish.ts'
import { refresh } from './refresh.ts'
import { rpc, send } from './rpc.ts'
import { subRefresh, subscribe, unsubscribe } from './subscribe.ts'

/** Runs one command to its answer. A promise where it cannot be answered in this turn. @throws CommandError, CloseError */
export function run(host: CommandHost, session: Session, command: Command): Promise<void> | undefined {
  if (command.method === 'connect') return connect(host, session, command.id, command.params)
  if (!session.isConnected) throw new CommandError(errors.unauthorized, 'connect first')
  switch (command.method) {
    case 'subscribe':
      return subscribe(host, session, command.id, command.params)
    case 'unsubscribe':
      unsubscribe(session, command.id, command.params)
      return undefined
    case 'publish':
      return publish(host, session, command.id, command.params)
    case 'presence':
      return presence(host, session, command.id, command.params)
    case 'presence_stats':
      return presenceStats(host, session, command.id, command.params)
    case 'history':
      return history(host, session, command.id, command.params)
    case 'rpc':
      return rpc(host, session, command.id, command.params)
    case 'send':
      send(host, session, command.id, command.params)
      return undefined
    case 'refresh':
      return refresh(host, session, command.id, command.params)
    case 'sub_refresh':
      return subRefresh(host, session, command.id, command.params)
    case 'ping':
      session.outbox.enqueue(replyFrame(encodeReply(command.id, 'ping', '{}')))
      return undefined
    default:
      return unreachable(command)
  }
}
