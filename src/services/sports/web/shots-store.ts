import { type Signal, signal } from '@preact/signals'
import { type Shot, shotListSchema } from '../model/index.ts'
import { askedDelay } from './delay.ts'
import type { MatchView } from './match-view.ts'

/** The shots of a match. They are asked for when their number changes, since the stream tells figures and not every shot. */
export class ShotsStore {
  readonly shots: Signal<readonly Shot[]> = signal([])
  #known = ''
  #isAsking = false

  constructor(readonly game: string) {}

  /** Looks whether there are other shots than those that are shown. */
  follow(view: MatchView): void {
    const known = JSON.stringify([view.run, view.stats.shots, view.stats.goals])
    if (known === this.#known || view.stats.shots === undefined) return
    this.#known = known
    if (!this.#isAsking) void this.#ask()
  }

  /** Asks until what came is as new as what was wanted. */
  async #ask(): Promise<void> {
    this.#isAsking = true
    let asked: string
    do {
      asked = this.#known
      const shots = await this.#fetch()
      // Without network the next figures ask again.
      if (shots === undefined) this.#known = ''
      else this.shots.value = shots
    } while (this.#known !== asked && this.#known !== '')
    this.#isAsking = false
  }

  async #fetch(): Promise<readonly Shot[] | undefined> {
    const url = new URL(`/sports/games/${this.game}/shots`, location.href)
    const delay = askedDelay()
    if (delay !== undefined) url.searchParams.set('delay', delay)
    try {
      // Caches may keep it for a second, and what has just changed is wanted.
      const response = await fetch(url, { cache: 'no-cache' })
      const list = shotListSchema.safeParse(await response.json())
      return list.success ? list.data.shots : undefined
    } catch {
      // There is no network.
      return undefined
    }
  }
}
