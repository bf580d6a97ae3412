import type { SdkViewer } from './sdk-viewer.ts'

const pauseMs = 300

/** A client that publishes over its own connection, each once: what fails may have been published or not. */
export class Talker {
  readonly acknowledged: string[] = []
  readonly uncertain: string[] = []
  #isStopped = false
  #done: Promise<void> = Promise.resolve()

  constructor(
    readonly viewer: SdkViewer,
    readonly channel: string,
  ) {}

  start(): void {
    this.#done = this.#run()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#done
  }

  async #run(): Promise<void> {
    for (let n = 1; !this.#isStopped; n++) {
      const id = `${this.viewer.name} ${n}`
      await this.viewer.publish(this.channel, { id, at: Date.now() }).then(
        () => this.acknowledged.push(id),
        () => this.uncertain.push(id),
      )
      await Bun.sleep(pauseMs)
    }
  }
}
