/** What a node has counted since its start. */
export interface Counts {
  readonly published: number
  readonly delivered: number
  readonly relayed: number
}

export interface CountedNode extends Counts {
  readonly node: string
}

interface Sample {
  readonly atMs: number
  readonly byNode: ReadonlyMap<string, Counts>
}

/** Nodes report every two seconds, and a look may come right before a report or right after it: over ten seconds that is a fifth at most. */
const windowMs = 10_000
const none: Counts = { published: 0, delivered: 0, relayed: 0 }

/** What nodes do in a second, from what they have counted at one look and another. */
export class TreeRates {
  #samples: Sample[] = []

  /** Takes a look, and gives the rates a second of each node up to it. A node that is seen for the first time has done nothing yet. */
  take(nodes: readonly CountedNode[], atMs: number): ReadonlyMap<string, Counts> {
    const newest: Sample = { atMs, byNode: new Map(nodes.map(node => [node.node, node])) }
    // A clock that was set back begins again.
    this.#samples = [...this.#samples.filter(sample => sample.atMs < atMs && sample.atMs >= atMs - windowMs), newest]
    return new Map(nodes.map(({ node }) => [node, this.#rateOf(node, newest)]))
  }

  #rateOf(node: string, newest: Sample): Counts {
    const oldest = this.#samples.find(({ byNode }) => byNode.has(node))
    const before = oldest?.byNode.get(node)
    const now = newest.byNode.get(node)
    if (oldest === undefined || before === undefined || now === undefined || oldest === newest) return none
    const perSecond = (from: number, to: number) => (Math.max(0, to - from) * 1000) / (newest.atMs - oldest.atMs)
    return {
      published: perSecond(before.published, now.published),
      delivered: perSecond(before.delivered, now.delivered),
      relayed: perSecond(before.relayed, now.relayed),
    }
  }
}
