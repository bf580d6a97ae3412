import type { ClusterMap } from './cluster-map.ts'
import { KafkaError, problemOf } from './kafka-error.ts'
import { kafkaLimits } from './limits.ts'
import { type KafkaTopic, openTopics, type TopicSpec } from './topics.ts'

interface Wanted {
  readonly spec: TopicSpec
  readonly resolve: (topic: KafkaTopic) => void
  readonly reject: (error: unknown) => void
}

/** Opens topics: those that are wanted while others are being opened go together, as a request for one takes as long as for hundreds. */
export class TopicOpener {
  #wanted: Wanted[] = []
  #isUnderWay = false

  constructor(readonly map: ClusterMap) {}

  /** @throws KafkaError for one that this server cannot use */
  open(spec: TopicSpec): Promise<KafkaTopic> {
    return new Promise((resolve, reject) => {
      this.#wanted.push({ spec, resolve, reject })
      this.#next()
    })
  }

  #next(): void {
    if (this.#isUnderWay || this.#wanted.length === 0) return
    this.#isUnderWay = true
    // All that are wanted in this turn.
    this.map.options.clock.soon(() => {
      void this.#open(this.#wanted.splice(0, kafkaLimits.topicsAtOnce)).finally(() => {
        this.#isUnderWay = false
        this.#next()
      })
    })
  }

  async #open(wanted: readonly Wanted[]): Promise<void> {
    const outcomes = await openTopics(
      this.map,
      wanted.map(({ spec }) => spec),
    ).catch((error: unknown) => (error instanceof KafkaError ? error : new KafkaError('broker', problemOf(error).reason, { cause: error })))
    for (const [index, { resolve, reject }] of wanted.entries()) {
      const outcome = outcomes instanceof KafkaError ? outcomes : outcomes[index]
      if (outcome === undefined || outcome instanceof KafkaError) reject(outcome)
      else resolve(outcome)
    }
  }
}
