import { type AccessRequest, type Grant, principalOf } from '../hub/index.ts'
import type { Clock } from '../kit/index.ts'
import { protocol } from './protocol.ts'
import { ClientQuestions } from './questions.ts'
import type { Uplink } from './uplink.ts'
import type { WireGrant } from './wire.ts'

/** How long an answer serves those who ask the same. A right that is withdrawn lives on for this long in new subscriptions. */
const reuseMs = 1000
/** Answers that are kept. Beyond, the oldest is forgotten. */
const grantsMax = 10_000

interface Kept {
  readonly answer: Promise<WireGrant | null>
  readonly until: number
}

/**
 * What the services upstream decide, asked once for all who ask the same at the same time. Where a service says that its answer is for
 * everyone, a crowd that comes to a channel at kick-off costs one question; elsewhere one for each user. Strangers are a crowd of their own:
 * a service that answers for every user may not know them.
 */
export class UpstreamGrants {
  readonly #kept = new Map<string, Kept>()
  /** By channel, action and delay, the question that is under way for whichever user. */
  readonly #asking = new Map<string, Promise<WireGrant | null>>()

  constructor(
    readonly clock: Clock,
    readonly uplink: Pick<Uplink, 'request'>,
    readonly questions = new ClientQuestions(),
  ) {}

  /** False also where nobody upstream decides any more: a right must be given by someone. @throws CommandError as the service does */
  async ask(request: AccessRequest): Promise<Grant | false> {
    if (request.data !== undefined) return (await this.#askUpstream(request)) ?? false
    const everyone = `${request.action}\n${request.channel}\n${request.delayMs ?? 0}\n${request.user === '' ? 'strangers' : 'users'}`
    const known = this.#fresh(everyone)
    if (known !== undefined) return (await known) ?? false
    const asking = this.#asking.get(everyone)
    const another = asking === undefined ? null : await asking.catch(() => null)
    return (another?.forEveryone ? another : await this.#own(request, everyone)) ?? false
  }

  /** Strangers share a turn: what they ask after is asked once for all of them. */
  #askUpstream(request: AccessRequest): Promise<WireGrant | null> {
    return this.questions.ask(principalOf(request.user, ''), () => this.uplink.request(protocol.authorize, { request }))
  }

  #fresh(key: string): Promise<WireGrant | null> | undefined {
    const kept = this.#kept.get(key)
    const leftMs = (kept?.until ?? 0) - this.clock.now()
    // A clock that was set back must not keep an answer alive.
    return leftMs > 0 && leftMs <= reuseMs ? kept?.answer : undefined
  }

  #own(request: AccessRequest, everyone: string): Promise<WireGrant | null> {
    const own = `${everyone}\n${request.user}`
    const known = this.#fresh(own)
    if (known !== undefined) return known
    const answer = this.#askUpstream(request)
    this.#keep(own, answer)
    if (!this.#asking.has(everyone)) this.#asking.set(everyone, answer)
    const settled = () => {
      if (this.#asking.get(everyone) === answer) this.#asking.delete(everyone)
    }
    answer.then(
      grant => {
        settled()
        if (grant?.forEveryone) this.#keep(everyone, answer)
      },
      () => {
        settled()
        this.#kept.delete(own)
      },
    )
    return answer
  }

  #keep(key: string, answer: Kept['answer']): void {
    this.#kept.delete(key)
    this.#kept.set(key, { answer, until: this.clock.now() + reuseMs })
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > grantsMax && oldest !== undefined) this.#kept.delete(oldest)
  }
}
