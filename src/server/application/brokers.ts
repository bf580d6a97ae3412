import { MemoryBroker } from '../../broker/index.ts'
import type { BrokerSink, Exchange, HistoryLog, Limits, Namespaces } from '../../hub/index.ts'
import type { Clock, Random } from '../../kit/index.ts'

/** The context that a broker is opened with. */
export interface BrokerContext {
  /** As configured, such as `memory:`. */
  readonly url: string
  readonly clock: Clock
  readonly random: Random
  readonly namespaces: Namespaces
  readonly limits: Limits
  /** Where namespaces with `history_store: disk` keep their histories; absent where none does. */
  readonly log?: HistoryLog
}

export type BrokerOpener = (context: BrokerContext, sink: BrokerSink) => Exchange

/** By the scheme of the URL that `broker` gives. */
export type BrokerOpeners = Readonly<Record<string, BrokerOpener>>

/** Those that ship. */
export const brokers = { memory: (context: BrokerContext, sink: BrokerSink) => new MemoryBroker(context, sink) } satisfies BrokerOpeners
