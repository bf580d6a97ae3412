import type { LifecycleEvent } from '../contracts/hooks.ts'

/** On which nodes each channel has subscribers, so that "occupied" and "vacated" are said once for all nodes together. */
export class Occupancy {
  readonly #nodes = new Map<string, Set<string>>()

  /** Takes note of an event; whether it means a change for all nodes together. Events of sessions always do. */
  changes(event: LifecycleEvent, node: string): boolean {
    if (event.kind === 'channel_occupied') return this.#occupied(event.channel, node)
    if (event.kind === 'channel_vacated') return this.#vacated(event.channel, node)
    return true
  }

  /** The channels that have subscribers anywhere. */
  get channels(): string[] {
    return [...this.#nodes.keys()]
  }

  /** The channels that have subscribers on a node. */
  of(node: string): string[] {
    return [...this.#nodes].filter(([, nodes]) => nodes.has(node)).map(([channel]) => channel)
  }

  #occupied(channel: string, node: string): boolean {
    const nodes = this.#nodes.get(channel)
    if (nodes === undefined) this.#nodes.set(channel, new Set([node]))
    else nodes.add(node)
    return nodes === undefined
  }

  #vacated(channel: string, node: string): boolean {
    const nodes = this.#nodes.get(channel)
    if (!nodes?.delete(node) || nodes.size > 0) return false
    this.#nodes.delete(channel)
    return true
  }
}
