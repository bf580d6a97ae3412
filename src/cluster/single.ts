import { MemoryPresence } from '../broker/index.ts'
import type { Broker, BrokerSink, CommandContext, Presence } from '../hub/index.ts'
import type { Json } from '../kit/index.ts'
import { Central } from './central.ts'
import { ControlLog } from './control-log.ts'
import { type Owner, slotOf } from './placement/index.ts'
import type { OpenExchange, TopologyOptions } from './topology-host.ts'

export interface SingleOptions extends TopologyOptions {
  openBroker: OpenExchange
}

/** A node with nothing above it: it has the broker, presence and services, and owns every key. Relays may hang below. */
export class Single extends Central {
  readonly isOrphan = false
  readonly #controls: ControlLog

  constructor(readonly options: SingleOptions) {
    const controls = new ControlLog(options.id)
    super(options, { controls, peers: undefined, routeBeyond: () => ({ kind: 'nowhere' }) })
    this.#controls = controls
  }

  broker(sink: BrokerSink): Broker {
    const histories = this.withHistories(this.options.openBroker(sink))
    // Numbered before any node below hears of it.
    histories.attach({ deliver() {}, mayHaveMissed() {}, removed() {}, control: message => this.#controls.issue(message) })
    return histories
  }

  presence(broker: Broker): Presence {
    return new MemoryPresence(this.options, broker)
  }

  ownerOf(key: string): Owner {
    return { kind: 'here', slot: slotOf(key), term: 1 }
  }

  callOwner(key: string, method: string, data: Json | undefined, context: CommandContext): Promise<Json | undefined> {
    return this.owned.run(this.below.host.node, method, [key, data, { ...context, owned: { key, slot: slotOf(key), term: 1 } }])
  }

  async redeem(ticket: string): Promise<string | undefined> {
    return this.below.host.redeem(ticket)
  }
}
