import type { SdkViewer } from './sdk-viewer.ts'
import { Writer } from './writer.ts'

const pauseMs = 300

/** A client that publishes over its own connection, each once: what fails may have been published or not. */
export class Talker extends Writer {
  readonly acknowledged: string[] = []
  readonly uncertain: string[] = []

  constructor(
    readonly viewer: SdkViewer,
    readonly channel: string,
  ) {
    super()
  }

  protected async run(): Promise<void> {
    for (let n = 1; !this.isStopped; n++) {
      const id = `${this.viewer.name} ${n}`
      await this.viewer.publish(this.channel, { id, at: Date.now() }).then(
        () => this.acknowledged.push(id),
        () => this.uncertain.push(id),
      )
      await Bun.sleep(pauseMs)
    }
  }
}
