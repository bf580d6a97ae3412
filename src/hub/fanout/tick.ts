import type { Clock } from '../../kit/index.ts'

/** Something that has output to send. */
export interface Flushable {
  flush(): void
}

/** Gathers what has output during one turn of the event loop and flushes each once at its end: one write per session per tick. */
export class Tick {
  #dirty: Flushable[] = []

  constructor(readonly clock: Clock) {}

  /** The caller adds itself once per tick. */
  add(flushable: Flushable): void {
    if (this.#dirty.push(flushable) === 1) this.clock.soon(() => this.#run())
  }

  #run(): void {
    const dirty = this.#dirty
    this.#dirty = []
    for (const flushable of dirty) flushable.flush()
  }
}
