/** How far outside of the window blocks are still drawn, so that fast fingers see no blanks. */
const margin = '1600px 0px'

/** Tells blocks whether they are in the window or near it. */
export class NearBlocks {
  readonly #observer: IntersectionObserver
  readonly #told = new Map<Element, (near: boolean) => void>()

  constructor(scroller: HTMLElement) {
    this.#observer = new IntersectionObserver(
      entries => {
        for (const { target, isIntersecting } of entries) this.#told.get(target)?.(isIntersecting)
      },
      { root: scroller, rootMargin: margin },
    )
  }

  /** @returns what ends it */
  follow(block: Element, tell: (near: boolean) => void): () => void {
    this.#told.set(block, tell)
    this.#observer.observe(block)
    return () => {
      this.#told.delete(block)
      this.#observer.unobserve(block)
    }
  }

  close(): void {
    this.#observer.disconnect()
  }
}
