import type { ChatChange } from './view.ts'

type Listener = (change: ChatChange) => void

/** Gathers changes and tells them at the end of the turn, each once. */
export class Changes {
  readonly #listeners = new Set<Listener>()
  #gathered = new Map<string, ChatChange>()

  listen(listener: Listener): () => void {
    // A listener that is given twice is called twice.
    const own: Listener = change => listener(change)
    this.#listeners.add(own)
    return () => this.#listeners.delete(own)
  }

  note(...changes: readonly ChatChange[]): void {
    if (this.#gathered.size === 0 && changes.length > 0) queueMicrotask(() => this.#tell())
    for (const change of changes) this.#gathered.set(keyOf(change), change)
  }

  #tell(): void {
    const changes = [...this.#gathered.values()]
    this.#gathered = new Map()
    for (const listener of [...this.#listeners]) for (const change of changes) told(listener, change)
  }
}

/** One that fails harms no other. */
function told(listener: Listener, change: ChatChange): void {
  try {
    listener(change)
  } catch (error) {
    reportError(error)
  }
}

function keyOf(change: ChatChange): string {
  switch (change.kind) {
    case 'link':
    case 'invited':
    case 'files':
    case 'conversations':
      return change.kind
    case 'messages':
    case 'typing':
      return `${change.kind} ${change.conversation}`
    case 'refused':
      return `refused ${change.conversation}`
    case 'presence':
      return `presence ${change.user}`
    case 'arrived':
      return `arrived ${change.message.conversation} ${change.message.key}`
    case 'progress':
    case 'failed':
      return `${change.kind} ${change.cid}`
  }
}
