import type { ServerProcess } from './stage.ts'
import { goalChannel } from './tree-nodes.ts'

/** A single viewer of one node, who notes when each message came. */
export class TreeProbe {
  /** Milliseconds on the clock of this process, by the message's number. */
  readonly arrivals = new Map<number, number>()
  readonly #abort = new AbortController()

  static async open(node: ServerProcess): Promise<TreeProbe> {
    const probe = new TreeProbe()
    const response = await fetch(`${node.url}/sse?channel=${goalChannel}`, { signal: probe.#abort.signal })
    const opened = Promise.withResolvers<void>()
    void probe.#read(response, opened.resolve).catch(opened.reject)
    await opened.promise
    return probe
  }

  close(): void {
    this.#abort.abort()
  }

  async #read({ body }: Response, opened: () => void): Promise<void> {
    if (body === null) throw new Error('a node answered without a stream')
    const decoder = new TextDecoder()
    try {
      for await (const bytes of body) {
        const atMs = performance.now()
        const text = decoder.decode(bytes, { stream: true })
        if (text.includes('"connect":')) opened()
        for (const [, n] of text.matchAll(/"n":(\d+)/g)) this.arrivals.set(Number(n), atMs)
      }
    } catch (error) {
      if (!this.#abort.signal.aborted) throw error
    }
  }
}

/** What a hop added for a message, in milliseconds. Messages count from 1; those with 0 are not measured. */
export interface Added {
  readonly n: number
  readonly ms: number
}

export function added(above: TreeProbe | undefined, below: TreeProbe): Added[] {
  return [...below.arrivals].flatMap(([n, atMs]) => {
    const before = above?.arrivals.get(n)
    return before === undefined || n === 0 ? [] : [{ n, ms: atMs - before }]
  })
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
