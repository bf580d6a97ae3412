import type { Broker, BrokerMessage, HistoryPage } from '../../../src/hub/index.ts'
import type { Publication } from '../../../src/protocol/index.ts'
import type { FleetMutant, LinkMutant } from '../../cluster/fleet/mutants.ts'
import type { Mutant } from '../../core/workload.ts'

type Answers = Pick<Broker, 'publish' | 'history'>

/** A part that is broken on purpose, of one topology or the other. */
export type ChannelsMutant = BrokerMutant | FleetMutant | LinkMutant

/** A broker that is broken on purpose, to see whether anyone notices. */
export interface BrokerMutant extends Mutant {
  /** What goes out instead of a delivery; undefined for nothing. */
  deliver(channel: string, delivery: BrokerMessage): BrokerMessage | undefined
  /** What answers instead of the broker. */
  answer(broker: Answers): Answers
  /** Whether clients that left stay present. */
  readonly keepsGhosts: boolean
  /** Whether clients come to harm, or only whoever reads the broker's answers can tell. */
  readonly isHarmful: boolean
}

export const honest: BrokerMutant = {
  name: 'honest',
  topology: 'broker',
  deliver: (_, delivery) => delivery,
  answer: broker => broker,
  keepsGhosts: false,
  isHarmful: true,
}

const every = 7

/** Loses every seventh publication, and counts on as if it had never been. */
const drops: BrokerMutant = {
  ...honest,
  name: 'drops a delivery silently and lies in history',
  ...renumbering({ isLost: offset => offset % every === 0, on: offset => offset - Math.floor(offset / every) }),
}

/** Gives every seventh place to nobody, and says so consistently. */
const skips: BrokerMutant = {
  ...honest,
  name: 'skips an offset',
  ...renumbering({ isLost: () => false, on: offset => offset + Math.floor(offset / every) }),
}

/** Calls what is left of a history all there was. */
const shortens: BrokerMutant = {
  ...honest,
  name: 'answers a partial recovery as complete',
  isHarmful: false,
  answer: broker => answering(broker, page => ({ ...page, complete: true })),
}

/** Says that a publication is safe, and forgets it. */
const forgets: BrokerMutant = {
  ...honest,
  name: 'loses an acknowledged append',
  answer: broker => {
    const { history } = answering(broker, page => page)
    return {
      history,
      publish: async (channel, data, options) => {
        const { position } = await broker.history(channel, { limit: 0 })
        if (position.offset === 0 || position.offset % every !== 0) return broker.publish(channel, data, options)
        return { ...position, offset: position.offset + 1 }
      },
    }
  },
}

/** Never says that someone has left. */
const haunts: BrokerMutant = { ...honest, name: 'keeps the presence of who has left', keepsGhosts: true }

/** Leaves the newest value out of the state of a channel. */
const hides: BrokerMutant = {
  ...honest,
  name: 'leaves the newest value out of the state',
  answer: broker => answering(broker, page => ({ ...page, state: page.state.slice(0, -1) })),
}

export const brokerMutants: readonly BrokerMutant[] = [drops, skips, shortens, forgets, haunts, hides]

function answering(broker: Answers, change: (page: HistoryPage) => HistoryPage): Answers {
  return {
    publish: (channel, data, options) => broker.publish(channel, data, options),
    history: async (channel, query) => change(await broker.history(channel, query)),
  }
}

interface Numbering {
  isLost(offset: number): boolean
  on(offset: number): number
}

/** Puts every publication at another place, in deliveries, positions and pages alike. */
function renumbering({ isLost, on }: Numbering): Pick<BrokerMutant, 'deliver' | 'answer'> {
  const moved = (publication: Publication) =>
    publication.offset === 0 ? publication : publication.at(on(publication.offset), publication.time)
  const isKept = ({ offset }: Publication) => offset === 0 || !isLost(offset)
  return {
    deliver(_, delivery) {
      if (delivery.kind !== 'publication') return delivery
      return isKept(delivery.publication) ? { ...delivery, publication: moved(delivery.publication) } : undefined
    },
    answer: broker => ({
      publish: (channel, data, options) => broker.publish(channel, data, options),
      async history(channel, query) {
        const since = query.since === undefined ? {} : { since: { ...query.since, offset: backFrom(query.since.offset, on) } }
        const page = await broker.history(channel, { ...query, ...since })
        return {
          ...page,
          position: { ...page.position, offset: on(page.position.offset) },
          publications: page.publications.filter(isKept).map(moved),
          state: page.state.filter(isKept).map(moved),
        }
      },
    }),
  }
}

/** The last place that is shown at or before an offset. */
function backFrom(offset: number, on: (offset: number) => number): number {
  for (let before = offset * 2; before > 0; before--) if (on(before) <= offset) return before
  return 0
}
