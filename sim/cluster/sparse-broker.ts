import type { BrokerMessage, BrokerSink, Control, Exchange, HistoryPage, HistoryQuery, PublishOptions } from '../../src/hub/index.ts'
import { subscribeAndRead } from '../../src/hub/index.ts'
import type { Json } from '../../src/kit/index.ts'
import { type Position, Publication } from '../../src/protocol/index.ts'

/**
 * Places that grow by 1 to 9, as those of a channel that shares its log with others. The same place always comes again, so that nothing
 * need be remembered over a restart.
 */
export function sparsePlace(dense: number): number {
  if (dense === 0) return 0
  return dense * 5 - 4 + ((Math.imul(dense, 2_654_435_761) >>> 29) % 5)
}

/** How many places there are up to an offset. */
function countUpTo(offset: number): number {
  let dense = Math.max(0, Math.floor(offset / 5) - 1)
  while (sparsePlace(dense + 1) <= offset) dense++
  return dense
}

export function asSparse(publication: Publication): Publication {
  const { offset } = publication
  if (offset === 0) return publication
  return new Publication({ ...publication.fields(), offset: sparsePlace(offset), after: sparsePlace(offset - 1) })
}

/** A broker whose offsets skip, made of one whose offsets do not. */
export class SparseBroker implements Exchange {
  readonly #broker: Exchange
  #sinks: readonly BrokerSink[]

  constructor(open: (sink: BrokerSink) => Exchange, sink: BrokerSink) {
    this.#sinks = [sink]
    this.#broker = open({
      deliver: (channel, message) => this.#deliver(channel, message),
      control: message => this.#each(sink => sink.control(message)),
      mayHaveMissed: channel => this.#each(sink => sink.mayHaveMissed(channel)),
      removed: channel => this.#each(sink => sink.removed(channel)),
    })
  }

  attach(sink: BrokerSink): void {
    this.#sinks = [...this.#sinks, sink]
  }

  detach(sink: BrokerSink): void {
    this.#sinks = this.#sinks.filter(other => other !== sink)
  }

  async publish(channel: string, data: Json, options: PublishOptions): Promise<Position> {
    return placed(await this.#broker.publish(channel, data, options))
  }

  announce(channel: string, message: BrokerMessage): Promise<void> {
    return this.#broker.announce(channel, message)
  }

  deliverHere(channel: string, message: BrokerMessage): void {
    this.#broker.deliverHere(channel, message)
  }

  subscribe(channel: string): Promise<void> {
    return this.#broker.subscribe(channel)
  }

  unsubscribe(channel: string): Promise<void> {
    return this.#broker.unsubscribe(channel)
  }

  open(channel: string, query: HistoryQuery): Promise<HistoryPage> {
    return subscribeAndRead(this, channel, query)
  }

  async history(channel: string, { since, ...query }: HistoryQuery): Promise<HistoryPage> {
    const page = await this.#broker.history(channel, {
      ...query,
      ...(since === undefined
        ? {}
        : { since: { ...since, offset: query.reverse ? countUpTo(since.offset - 1) + 1 : countUpTo(since.offset) } }),
    })
    const position = placed(page.position)
    return {
      ...page,
      position,
      complete: page.complete && (since === undefined || since.offset <= position.offset),
      publications: page.publications.map(asSparse),
      state: page.state.map(asSparse),
    }
  }

  removeHistory(channel: string): Promise<void> {
    return this.#broker.removeHistory(channel)
  }

  control(message: Control): Promise<void> {
    return this.#broker.control(message)
  }

  close(): Promise<void> {
    return this.#broker.close()
  }

  #deliver(channel: string, message: BrokerMessage): void {
    const given = message.kind === 'publication' ? { ...message, publication: asSparse(message.publication) } : message
    this.#each(sink => sink.deliver(channel, given))
  }

  #each(tell: (sink: BrokerSink) => void): void {
    for (const sink of this.#sinks) tell(sink)
  }
}

function placed(position: Position): Position {
  return { ...position, offset: sparsePlace(position.offset) }
}
