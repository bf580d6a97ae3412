import { createHash } from 'node:crypto'
import { type Clock, OutboundHttp } from '../../../kit/index.ts'
import { sign, signatureHeader } from '../../../service.ts'
import { gatewayNote, gatewayOf } from './gateway-notes.ts'
import { pushLimits } from './limits.ts'
import { outcomeOf } from './push-answer.ts'
import type { PushNote } from './push-note.ts'
import type { PushOutcome, PushSender } from './push-sender.ts'
import type { PushSubscription } from './push-subscription.ts'

export interface GatewayOptions {
  readonly clock: Clock
  readonly url: string
  /** Signs what is posted, as hooks are signed. */
  readonly secret: string
  readonly timeoutMs: number
}

/** Hands notes to an operator's gateway, which holds the credentials of APNs and FCM and answers with the status that it got from them. */
export class GatewaySender implements PushSender {
  readonly #http: OutboundHttp

  constructor(readonly options: GatewayOptions) {
    this.#http = new OutboundHttp({ clock: options.clock, answerBytesMax: pushLimits.answerBytesMax })
  }

  takes({ endpoint }: PushSubscription): boolean {
    return gatewayOf(endpoint) !== undefined
  }

  originOf({ endpoint }: PushSubscription): string {
    // Behind the gateway the two are told apart: where one asks to wait, the other need not.
    return gatewayOf(endpoint)?.kind ?? ''
  }

  async send(subscription: PushSubscription, note: PushNote): Promise<PushOutcome> {
    const outcome = await this.#post(subscription, note, false)
    return outcome.kind === 'too-large' ? this.#post(subscription, note, true) : outcome
  }

  close(): void {
    this.#http.close()
  }

  async #post(subscription: PushSubscription, note: PushNote, bare: boolean): Promise<PushOutcome> {
    const { clock, url, secret, timeoutMs } = this.options
    const device = gatewayOf(subscription.endpoint)
    if (device === undefined) return { kind: 'failed', reason: 'the endpoint is not one of the gateway' }
    const body = JSON.stringify(gatewayNote(subscription, device, note, clock.now(), bare))
    const headers = {
      'Content-Type': 'application/json',
      'X-Fanfare-Event': 'push',
      'X-Fanfare-Idempotency-Key': keyOf(subscription, note),
      [signatureHeader]: sign(body, secret, clock.now()),
    }
    const result = await this.#http.send(timeoutMs, async () => [{ url, headers, body }])
    if (result.kind !== 'answered') return { kind: 'later', reason: result.reason }
    return outcomeOf(result.answer, clock.now())
  }
}

/** The same however often a note is sent to a device. */
function keyOf({ user, device }: PushSubscription, { kind, conversation, seq }: PushNote): string {
  return createHash('sha256')
    .update(JSON.stringify([user, device, kind, conversation, seq]))
    .digest('base64url')
}
