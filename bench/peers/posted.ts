import type { Audience, Service, Wire } from '../peer.ts'
import type { ServerProcess } from '../stage.ts'
import { post } from './post.ts'

/** A broadcast server without channels or answers: every line that is posted to `/publish` goes to all who are connected. */
export class Posted implements Service {
  readonly process: ServerProcess
  readonly #audience: (wire: Wire) => Audience

  constructor(process: ServerProcess, audience: (wire: Wire) => Audience) {
    this.process = process
    this.#audience = audience
  }

  audience(wire: Wire): Audience {
    return this.#audience(wire)
  }

  async publish(messages: readonly string[]): Promise<number> {
    await post(`${this.process.url}/publish`, messages.join('\n'))
    return messages.length
  }
}
