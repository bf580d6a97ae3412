import { type Signal, signal } from '@preact/signals'

/** The panel beside the conversation. On a phone it covers the conversation. */
export type Panel =
  | { readonly kind: 'none' }
  | { readonly kind: 'details' }
  | { readonly kind: 'search' }
  | { readonly kind: 'info'; readonly seq: number }

/** The page's location: it is in the address, so that reload, back and forward work as expected. */
export class PageLocation {
  readonly conversation: Signal<string | undefined>
  readonly panel: Signal<Panel>
  readonly #listening = new AbortController()
  /** Steps from the list that this page made itself, which going back may undo. */
  #depth = depthOf(history.state)

  constructor() {
    this.conversation = signal(conversationIn(location.pathname))
    this.panel = signal(panelIn(location.hash))
    addEventListener('popstate', () => this.#follow(), { signal: this.#listening.signal })
  }

  open(conversation: string): void {
    if (conversation === this.conversation.value) {
      this.showPanel({ kind: 'none' })
      return
    }
    this.#go(`/chat/${encodeURIComponent(conversation)}`, '', this.conversation.value !== undefined)
  }

  showPanel(panel: Panel): void {
    const hash = hashOf(panel)
    if (hash === hashOf(this.panel.value)) return
    if (panel.kind === 'none' && this.#depth > 1) history.back()
    else this.#go(location.pathname, hash, this.panel.value.kind !== 'none')
  }

  /** Back to the list. */
  leave(): void {
    if (this.#depth === 1 && this.panel.value.kind === 'none') history.back()
    else this.#go('/chat', '', true)
  }

  /** Takes out of the address what was asked for once. */
  forget(param: string): void {
    const url = new URL(location.href)
    url.searchParams.delete(param)
    history.replaceState(history.state, '', url)
  }

  close(): void {
    this.#listening.abort()
  }

  #go(path: string, hash: string, replaces: boolean): void {
    const url = new URL(location.href)
    url.pathname = path
    url.hash = hash
    this.#depth = replaces ? this.#depth : this.#depth + 1
    if (replaces) history.replaceState({ depth: this.#depth }, '', url)
    else history.pushState({ depth: this.#depth }, '', url)
    this.#show()
  }

  #follow(): void {
    this.#depth = depthOf(history.state)
    this.#show()
  }

  #show(): void {
    this.conversation.value = conversationIn(location.pathname)
    this.panel.value = this.conversation.value === undefined ? { kind: 'none' } : panelIn(location.hash)
  }
}

/** What this page wrote into an entry of the history; 0 of one that it did not make. */
function depthOf(state: unknown): number {
  return typeof state === 'object' && state !== null && 'depth' in state && typeof state.depth === 'number' ? state.depth : 0
}

export function conversationIn(path: string): string | undefined {
  const [, id] = /^\/chat\/([^/]+)\/?$/.exec(path) ?? []
  try {
    return id === undefined ? undefined : decodeURIComponent(id)
  } catch {
    return undefined
  }
}

export function panelIn(hash: string): Panel {
  const [, seq] = /^#info-(\d{1,15})$/.exec(hash) ?? []
  if (seq !== undefined) return { kind: 'info', seq: Number(seq) }
  return hash === '#details' || hash === '#search' ? { kind: hash === '#details' ? 'details' : 'search' } : { kind: 'none' }
}

function hashOf(panel: Panel): string {
  if (panel.kind === 'none') return ''
  return panel.kind === 'info' ? `#info-${panel.seq}` : `#${panel.kind}`
}
