import type { Broker, BrokerMessage, Control, HistoryPage, HistoryQuery, PublishOptions } from '../hub/index.ts'
import type { Json } from '../kit/index.ts'
import type { Position, Publication } from '../protocol/index.ts'
import { protocol } from './protocol.ts'
import type { Uplink } from './uplink.ts'
import { fromWirePage, toWireMessage } from './wire.ts'

/** Publications of one answer: a long history comes in pages, so that it never holds up what is live. */
const pageMax = 1000

/** The broker of the node upstream, request by request. */
export class UpstreamBroker implements Broker {
  constructor(readonly uplink: Pick<Uplink, 'request' | 'notify'>) {}

  publish(channel: string, data: Json, options: PublishOptions): Promise<Position> {
    return this.uplink.request(protocol.publish, { channel, data, options })
  }

  async announce(channel: string, message: BrokerMessage): Promise<void> {
    await this.uplink.request(protocol.announce, { channel, message: toWireMessage(message) })
  }

  async subscribe(channel: string): Promise<void> {
    await this.uplink.request(protocol.subscribe, { channel })
  }

  async open(channel: string, query: HistoryQuery): Promise<HistoryPage> {
    try {
      return await (isLong(query) ? this.#pages(channel, query, 'open') : this.#page(channel, query, 'open'))
    } catch (error) {
      // A later page may have failed, with the subscription in place.
      await this.unsubscribe(channel)
      throw error
    }
  }

  /** Without a link nothing is subscribed, and on the next only what is wanted then. */
  async unsubscribe(channel: string): Promise<void> {
    this.uplink.notify(protocol.unsubscribe, { channel })
  }

  async history(channel: string, query: HistoryQuery): Promise<HistoryPage> {
    return isLong(query) ? this.#pages(channel, query) : this.#page(channel, query)
  }

  async removeHistory(channel: string): Promise<void> {
    await this.uplink.request(protocol.removeHistory, { channel })
  }

  async control(message: Control): Promise<void> {
    await this.uplink.request(protocol.control, message)
  }

  async close(): Promise<void> {}

  async #page(channel: string, query: HistoryQuery, question: 'history' | 'open' = 'history'): Promise<HistoryPage> {
    return fromWirePage(await this.uplink.request(protocol[question], { channel, query }))
  }

  /** Page after page up to the present end. What was dropped from the history meanwhile leaves a gap: then what came before it is worth nothing. */
  async #pages(channel: string, { since, limit }: HistoryQuery, first?: 'open'): Promise<HistoryPage> {
    let publications: Publication[] = []
    let complete = since !== undefined
    let at = since
    let question = first
    for (;;) {
      const left = limit < 0 ? pageMax : Math.min(pageMax, limit - publications.length)
      const page = await this.#page(channel, { limit: left, ...(at === undefined ? {} : { since: at }) }, question)
      question = undefined
      const { position } = page
      if (at !== undefined && !follows(at, position, page.publications[0])) {
        complete = false
        publications = []
      }
      publications.push(...page.publications)
      const last = publications.at(-1)
      const ended = last === undefined || page.publications.length === 0 || last.offset >= position.offset
      if (ended) return { ...page, publications, complete: complete && page.complete }
      if (publications.length === limit) return { ...page, publications, complete: false }
      at = { epoch: position.epoch, offset: last.offset }
    }
  }
}

function isLong({ limit, reverse }: HistoryQuery): boolean {
  return reverse !== true && (limit < 0 || limit > pageMax)
}

/** Whether a page goes on where the one before ended. */
function follows({ epoch, offset }: Position, position: Position, first: Publication | undefined): boolean {
  if (epoch !== '' && epoch !== position.epoch) return false
  return first === undefined ? offset >= position.offset : first.after <= offset
}
