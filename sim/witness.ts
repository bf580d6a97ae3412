import type { HistoryPage, HistoryQuery, Namespaces } from '../src/hub/index.ts'
import type { Judge } from './judge.ts'
import { type Ledger, numberOf } from './ledger.ts'

/** Holds the pages of history that nodes get to what the ledger says. */
export class Witness {
  constructor(
    readonly judge: Judge,
    readonly ledger: Ledger,
    readonly namespaces: Namespaces,
  ) {}

  see(channel: string, { since, limit }: HistoryQuery, { position, publications, complete }: HistoryPage): void {
    const namespace = this.namespaces.resolve(channel)
    if (namespace === undefined || namespace.delivery.recovers !== 'all') return
    let next = publications[0]?.offset ?? position.offset + 1
    if (complete && since !== undefined) {
      this.judge.hold(next === since.offset + 1, `${channel}: a page since ${since.offset} is called complete and begins at ${next}`)
    }
    for (const { offset, data } of publications) {
      this.judge.hold(offset === next++, `${channel}: a page of history has a gap before ${offset}`)
      const entry = this.ledger.at(channel, position.epoch, offset)
      this.judge.hold(numberOf(entry?.data) === numberOf(data), `${channel}: history has another publication at ${offset}`)
    }
    if (complete || (limit !== 0 && since === undefined && publications.length < limit))
      this.judge.hold(next === position.offset + 1, `${channel}: a page ends at ${next - 1} and not at ${position.offset}`)
  }
}
