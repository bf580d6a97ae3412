import type { HistoryPage, HistoryQuery, Namespaces } from '../../../src/hub/index.ts'
import { numberOf, type Oracle } from '../../cluster/oracle.ts'
import type { Judge } from '../../core/judge.ts'

/** Holds the pages of history that nodes get to what the oracle says. */
export class HistoryChecker {
  constructor(
    readonly judge: Judge,
    readonly oracle: Oracle,
    readonly namespaces: Namespaces,
  ) {}

  see(channel: string, { since, limit }: HistoryQuery, { position, publications, complete }: HistoryPage): void {
    const namespace = this.namespaces.resolve(channel)
    if (namespace === undefined || namespace.delivery.recovers !== 'all') return
    const from = publications[0]?.after ?? position.offset
    if (complete && since !== undefined) {
      this.judge.hold(from <= since.offset, `${channel}: a page since ${since.offset} is called complete and begins after ${from}`)
    }
    let at = from
    for (const { offset, data } of publications) {
      const entry = this.oracle.at(channel, position.epoch, offset)
      this.judge.hold(offset > at && entry?.after === at, `${channel}: a page of history has a gap before ${offset}`)
      at = offset
      this.judge.hold(numberOf(entry?.data) === numberOf(data), `${channel}: history has another publication at ${offset}`)
    }
    if (complete || (limit !== 0 && since === undefined && publications.length < limit))
      this.judge.hold(at === position.offset, `${channel}: a page ends at ${at} and not at ${position.offset}`)
  }
}
