import type { ClusterMap } from './cluster-map.ts'
import { KafkaError, problemOf } from './kafka-error.ts'
import { kafkaLimits } from './limits.ts'
import { type KafkaTopic, type TopicSpec, tryTopics } from './topics.ts'

interface Wanted {
  readonly spec: TopicSpec
  /** Until when it must be served. */
  readonly until: number
  readonly resolve: (topic: KafkaTopic) => void
  readonly reject: (error: unknown) => void
}

/**
 * Opens topics: those that are wanted while others are being opened go together, as a request for one takes as long as for hundreds. Those
 * that cannot be used yet are tried again beside them, so that nobody waits for a topic of others.
 */
export class TopicOpener {
  readonly #wanted: Wanted[] = []
  readonly #late: Wanted[] = []
  #isUnderWay = false
  #isTryingAgain = false

  constructor(readonly map: ClusterMap) {}

  /** @throws KafkaError for one that this server cannot use */
  open(spec: TopicSpec): Promise<KafkaTopic> {
    return new Promise((resolve, reject) => {
      this.#wanted.push({ spec, until: this.map.options.clock.now() + kafkaLimits.createMs, resolve, reject })
      this.#next()
    })
  }

  #next(): void {
    if (this.#isUnderWay || this.#wanted.length === 0) return
    this.#isUnderWay = true
    // All that are wanted in this turn.
    this.map.options.clock.soon(() => {
      void this.#try(this.#wanted.splice(0, kafkaLimits.topicsAtOnce), false).finally(() => {
        this.#isUnderWay = false
        this.#next()
      })
    })
  }

  #tryAgain(): void {
    if (this.#isTryingAgain || this.#late.length === 0) return
    this.#isTryingAgain = true
    this.map.options.clock.after(kafkaLimits.servedMs, () => {
      void this.#try(this.#late.splice(0, kafkaLimits.topicsAtOnce), true).finally(() => {
        this.#isTryingAgain = false
        this.#tryAgain()
      })
    })
  }

  async #try(wanted: readonly Wanted[], areNew: boolean): Promise<void> {
    const specs = wanted.map(({ spec }) => spec)
    const outcomes = await tryTopics(this.map, specs, areNew).catch((error: unknown) =>
      error instanceof KafkaError ? error : new KafkaError('broker', problemOf(error).reason, { cause: error }),
    )
    const now = this.map.options.clock.now()
    for (const [index, one] of wanted.entries()) {
      const outcome = outcomes instanceof KafkaError ? outcomes : outcomes[index]
      if (outcome instanceof KafkaError) one.reject(outcome)
      else if (outcome !== undefined) one.resolve(outcome)
      else if (now > one.until) one.reject(new KafkaError(one.spec.path, `topic ${one.spec.name} is not served`))
      else this.#late.push(one)
    }
    this.#tryAgain()
  }
}
