import { generateVAPIDKeys } from 'web-push'
import { silentLog } from '../../src/hub/index.ts'
import { systemRandom } from '../../src/kit/index.ts'
import { Pushes, type PushesOptions, type PushSender, WebPushSender } from '../../src/services/chat/push/index.ts'
import { TurnClock } from '../kit/index.ts'
import { RowsInMemory } from './push-rows.ts'
import { PushService } from './push-service.ts'

export const graceMs = 120
export const subject = 'mailto:operator@example.org'

interface DeskOptions extends Partial<Omit<PushesOptions, 'rows'>> {
  readonly rows?: RowsInMemory
  readonly service?: PushService
  readonly timeoutMs?: number
  /** Other ways, which are asked first. */
  readonly senders?: readonly PushSender[]
}

/** Pushes over a push service of the test's own. */
export class Desk implements AsyncDisposable {
  readonly clock = new TurnClock()
  readonly keys = generateVAPIDKeys()
  readonly rows: RowsInMemory
  readonly service: PushService
  readonly sender: WebPushSender
  readonly pushes: Pushes
  readonly #ownsService: boolean

  constructor({ rows = new RowsInMemory(), service, timeoutMs = 2000, senders = [], ...options }: DeskOptions = {}) {
    this.rows = rows
    this.#ownsService = service === undefined
    this.service = service ?? new PushService()
    this.sender = webPush(this.service, { clock: this.clock, keys: this.keys, timeoutMs })
    this.pushes = new Pushes({
      clock: this.clock,
      random: systemRandom,
      log: silentLog,
      rows,
      senders: [...senders, this.sender],
      graceMs,
      ttlMs: 86_400_000,
      restoredGraceMs: graceMs,
      isInUse: () => false,
      ...options,
    })
  }

  /** Devices of a user, subscribed. */
  subscribe(user: string, ...devices: string[]): void {
    for (const device of devices) this.rows.subscribed.push(this.service.subscribe(user, device))
  }

  /** A device has everything up to there, as the store and the pushes learn it. */
  acknowledge(user: string, device: string, offset: number): void {
    this.rows.acknowledgements.set(`${user}-${device}`, offset)
    this.pushes.acknowledged(user, device, offset)
  }

  /** The bodies that a device got, in order. */
  bodiesOf(id: string): unknown[] {
    return this.service.to(id).map(({ body }) => body)
  }

  /** Long enough for what must not come to have come. */
  settled(): Promise<void> {
    return this.clock.passes(graceMs + 200)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pushes.close()
    if (this.#ownsService) await this.service[Symbol.asyncDispose]()
  }
}

/** A sender that trusts the test's push service, and finds its name on this machine. */
export function webPush(service: PushService, options: Partial<ConstructorParameters<typeof WebPushSender>[0]> = {}): WebPushSender {
  return new WebPushSender({
    clock: new TurnClock(),
    keys: generateVAPIDKeys(),
    subject,
    rules: { allowedHosts: [service.authority], allowPrivateAddresses: true },
    ca: service.ca,
    resolve: async () => ['127.0.0.1'],
    ...options,
  })
}
