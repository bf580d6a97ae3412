/** What one is looking at: the end, which stays in view as messages come, or a row, which stays where it is on the screen. */
type Anchor = { readonly kind: 'end' } | { readonly kind: 'row'; readonly key: string; readonly top: number }

/** Pixels from the end that still count as being there. */
const endSlack = 48
/** Pixels from the start, or from the end, at which more history is asked for. */
const startSlack = 1_200

export interface Sight {
  readonly atEnd: boolean
  readonly nearStart: boolean
  readonly nearEnd: boolean
  /** Key of the lowest row of which something can be seen. */
  readonly lastKey: string | undefined
}

/** Keeps in place what one is looking at, whatever is added, drawn or resized above and below; browsers do so only in part, and not all of them. */
export class ScrollAnchor {
  #anchor: Anchor = { kind: 'end' }
  readonly #resizes: ResizeObserver
  readonly #listening = new AbortController()

  constructor(
    readonly scroller: HTMLElement,
    readonly content: HTMLElement,
    /** Whether the end of what is shown is the end of the conversation: elsewhere what comes below is not jumped to. */
    readonly isNewest: () => boolean,
    readonly moved: (sight: Sight) => void,
  ) {
    this.#resizes = new ResizeObserver(() => this.restore())
    this.#resizes.observe(scroller)
    this.#resizes.observe(content)
    scroller.addEventListener('scroll', () => this.#note(), { passive: true, signal: this.#listening.signal })
  }

  close(): void {
    this.#resizes.disconnect()
    this.#listening.abort()
  }

  toEnd(): void {
    this.#anchor = { kind: 'end' }
    this.restore()
  }

  /** Brings a row to a place in the window: 0 is its top, 1 its bottom. @returns whether the row is drawn */
  toRow(key: string, place: number): boolean {
    const row = this.#row(key)
    if (row === undefined) return false
    const room = Math.max(0, this.scroller.clientHeight - row.offsetHeight)
    this.#anchor = { kind: 'row', key, top: room * place }
    this.restore()
    this.#note()
    return true
  }

  restore(): void {
    const { scroller } = this
    if (this.#anchor.kind === 'end') {
      if (this.isNewest()) scroller.scrollTop = scroller.scrollHeight
    } else {
      const row = this.#row(this.#anchor.key)
      const drift = row === undefined ? 0 : this.#topOf(row) - this.#anchor.top
      if (Math.abs(drift) >= 1) scroller.scrollTop += drift
    }
    this.moved(this.sight())
  }

  sight(): Sight {
    const { scroller } = this
    const rest = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight
    const atEnd = rest <= endSlack
    return {
      atEnd,
      nearStart: scroller.scrollTop < startSlack,
      nearEnd: rest < startSlack,
      lastKey: atEnd ? undefined : this.#lowest()?.dataset.key,
    }
  }

  #note(): void {
    const sight = this.sight()
    const row = sight.atEnd && this.isNewest() ? undefined : this.#highest()
    const key = row?.dataset.key
    this.#anchor = row === undefined || key === undefined ? { kind: 'end' } : { kind: 'row', key, top: this.#topOf(row) }
    this.moved(sight)
  }

  #topOf(row: HTMLElement): number {
    return row.getBoundingClientRect().top - this.scroller.getBoundingClientRect().top
  }

  /** The first row of which something can be seen. Blocks are looked at before rows: there are few of them, and most lie elsewhere. */
  #highest(): HTMLElement | undefined {
    const { top } = this.scroller.getBoundingClientRect()
    const isSeen = (element: HTMLElement) => element.getBoundingClientRect().bottom > top
    for (const block of this.#blocks()) {
      const row = isSeen(block) ? rowsIn(block).find(isSeen) : undefined
      if (row !== undefined) return row
    }
    return undefined
  }

  #lowest(): HTMLElement | undefined {
    const { bottom } = this.scroller.getBoundingClientRect()
    const isSeen = (element: HTMLElement) => element.getBoundingClientRect().top < bottom
    for (const block of this.#blocks().toReversed()) {
      const row = isSeen(block) ? rowsIn(block).findLast(isSeen) : undefined
      if (row !== undefined) return row
    }
    return undefined
  }

  /** Those that are drawn. */
  #blocks(): HTMLElement[] {
    return [...this.content.querySelectorAll<HTMLElement>('.block:not(:empty)')]
  }

  #row(key: string): HTMLElement | undefined {
    return this.content.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`) ?? undefined
  }
}

function rowsIn(block: HTMLElement): HTMLElement[] {
  return [...block.querySelectorAll<HTMLElement>('[data-key]')]
}
