import type { BrokerSink, Exchange, Limits, Log, NamespaceFields, Namespaces, Node } from '../hub/index.ts'
import type { Clock, Json, Random } from '../kit/index.ts'
import { CommandError } from '../protocol/index.ts'
import type { TakenWatch, WatchChange } from './protocol.ts'
import type { Respondent } from './survey.ts'

/** The parts of the server that a topology works on once they exist. */
export interface TopologyHost {
  readonly node: Node
  readonly isDraining: boolean
  /** The namespaces are those of the node above from now on. */
  adopt(namespaces: readonly NamespaceFields[]): void
  /** The token behind a ticket of this node. */
  redeem(ticket: string): string | undefined
  /** Changes the watchlist of a stream of this node. @throws CommandError 404 */
  changeWatch(change: WatchChange): Promise<Json>
  takeWatch(session: string, user: string): TakenWatch | null
  /** The rows of this process for the operations page. */
  stats(): unknown
}

/** The options of every topology. */
export interface TopologyOptions {
  /** This node's id. */
  readonly id: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly namespaces: Namespaces
  readonly limits: Limits
  /** The secret that nodes show each other; none, and nothing can link here. */
  readonly secret: string | undefined
  isSecret(given: string): boolean
}

/** The route to something that belongs to one node. */
export type Route = { readonly kind: 'here' } | { readonly kind: 'there'; readonly node: Respondent } | { readonly kind: 'nowhere' }

/** Opens the broker that a node has to itself, or shares with those below. */
export type OpenExchange = (sink: BrokerSink) => Exchange

export function notReady(message: string): CommandError {
  return new CommandError({ code: 503, message, temporary: true })
}
