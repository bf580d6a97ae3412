import { ProvidedHistories } from '../broker/index.ts'
import type { Exchange, HistoryProvider } from '../hub/index.ts'
import type { BelowContext } from './below.ts'
import type { RowFence } from './placement/index.ts'
import type { Welcome } from './protocol.ts'
import { Topology } from './topology.ts'
import { notReady, type TopologyOptions } from './topology-host.ts'

/** Revocations of one answer between nodes. */
const revocationsPage = 500

/** A node with nothing above it, alone or as one of several equals: services run here, and nodes below take their namespaces from it. */
export abstract class Central extends Topology {
  readonly role = 'central'
  readonly isCentral = true
  readonly upstream = undefined
  readonly #options: TopologyOptions
  #histories: ProvidedHistories | undefined

  constructor(options: TopologyOptions, context: Pick<BelowContext, 'controls' | 'peers' | 'routeBeyond'>, fence?: RowFence) {
    const whole: BelowContext = {
      ...context,
      isRoot: true,
      region: '',
      role: () => this.role,
      exchange: () => this.#histories,
      followed: () => undefined,
      welcome: () => this.#welcome(),
      revocations: async after => this.below.host.node.revocations.after(after, revocationsPage),
      redeem: ticket => this.redeem(ticket),
      changed: () => undefined,
    }
    super(options, whole, fence)
    this.#options = options
  }

  provideHistory(namespace: string, provider: HistoryProvider): void {
    this.#histories?.provide(namespace, provider)
    this.changed()
  }

  changed(): void {
    this.children.welcomeAgain()
  }

  /** The same exchange, with the histories that services keep. */
  protected withHistories(exchange: Exchange): ProvidedHistories {
    this.#histories = new ProvidedHistories(this.#options.clock, exchange)
    return this.#histories
  }

  /** @throws CommandError 503 while it is about to end */
  #welcome(): Welcome {
    const { node, isDraining } = this.below.host
    if (isDraining) throw notReady('the node upstream is shutting down')
    return {
      node: node.id,
      path: [node.id],
      namespaces: this.#options.namespaces.list().map(({ options }) => options),
      authorized: node.access.authorized,
      historyElsewhere: this.#histories?.namespaces ?? [],
      hasConnectHandlers: node.connectHandlers.size > 0,
      listens: node.isListened,
    }
  }
}
