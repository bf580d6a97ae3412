import { createHash } from 'node:crypto'
import { type Clock, OutboundHttp } from '../../../kit/index.ts'
import { sign, signatureHeader } from '../../../service.ts'
import { pushLimits } from './limits.ts'
import { bareBody, fullBody, idsOf, type NoteBody, type NotePreview, type PushNote } from './note.ts'
import { outcomeOf, type PushOutcome, type PushSender } from './sender.ts'
import { type GatewayDevice, gatewayOf, type PushSubscription } from './subscription.ts'

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

/** Headers and payload as APNs takes them at `/3/device/<token>`. */
export interface ApnsNote {
  readonly service: 'apns'
  readonly token: string
  readonly headers: {
    readonly 'apns-push-type': 'alert' | 'background'
    readonly 'apns-priority': '10' | '5'
    readonly 'apns-collapse-id': string
    readonly 'apns-expiration': string
  }
  readonly payload: object
}

/** A `message` as FCM takes it in HTTP v1. Values of `data` are texts there. */
export interface FcmNote {
  readonly service: 'fcm'
  readonly message: {
    readonly token: string
    readonly data: Readonly<Record<string, string>>
    readonly android: {
      readonly priority: 'HIGH' | 'NORMAL'
      readonly ttl: string
      readonly collapse_key?: string
      readonly notification?: object
    }
  }
}

export type GatewayNote = ApnsNote | FcmNote

/** A notification that the system shows by itself, in words of no language but the users' own; what is missing is said by the app's. */
function wordsOf(preview: NotePreview | undefined): { readonly title?: string; readonly body?: string } {
  if (preview === undefined) return {}
  const { from, group, text } = preview
  return { title: group ?? from, ...(text === undefined ? {} : { body: group === undefined ? text : `${from}: ${text}` }) }
}

/** APNs and FCM take 4,096 bytes; what is encrypted is left out where it would not fit beside the rest. */
const bodyBytesMax = 3_500

/** What the gateway is to send on. With `bare`, no more than the device needs to ask for the rest. */
function gatewayNote(subscription: PushSubscription, device: GatewayDevice, note: PushNote, nowMs: number, bare: boolean): GatewayNote {
  const full = fullBody(subscription, note)
  const body = bare ? bareBody(full) : Buffer.byteLength(JSON.stringify(full)) <= bodyBytesMax ? full : idsOf(full)
  return device.kind === 'apns' ? apnsNote(device.token, note, body, nowMs) : fcmNote(device.token, note, body)
}

function apnsNote(token: string, note: PushNote, body: NoteBody, nowMs: number): ApnsNote {
  const shows = note.kind === 'message'
  const words = wordsOf(note.preview)
  // A background push may carry nothing that is shown, a badge neither, and goes with priority 5: APNs refuses others.
  const alert = {
    alert: {
      ...(words.title === undefined ? { 'title-loc-key': 'FANFARE_NEW_MESSAGE' } : { title: words.title }),
      ...(words.body === undefined ? { 'loc-key': 'FANFARE_NEW_MESSAGE_BODY' } : { body: words.body }),
    },
    badge: note.badge,
    sound: 'default',
    'thread-id': note.topic,
    'mutable-content': 1,
  }
  return {
    service: 'apns',
    token,
    headers: {
      'apns-push-type': shows ? 'alert' : 'background',
      'apns-priority': shows ? '10' : '5',
      'apns-collapse-id': note.topic,
      'apns-expiration': String(Math.floor((nowMs + note.ttlMs) / 1000)),
    },
    payload: { aps: shows ? alert : { 'content-available': 1 }, fanfare: body },
  }
}

/**
 * FCM keeps four collapse keys for a device that is off, and which ones it keeps beyond is not said. So messages have none: the tag replaces
 * the notification on the screen, and nothing of another conversation is lost. What takes away shares a key for each kind: where one of
 * them is lost, the app that is woken by the last compares all that it shows.
 */
function fcmNote(token: string, note: PushNote, body: NoteBody): FcmNote {
  const { kind, topic, badge, ttlMs, preview } = note
  const shows = kind === 'message'
  const words = wordsOf(preview)
  const data = Object.fromEntries(
    Object.entries(body).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
  )
  return {
    service: 'fcm',
    message: {
      token,
      data: { ...data, topic },
      android: {
        priority: shows ? 'HIGH' : 'NORMAL',
        ttl: `${Math.floor(ttlMs / 1000)}s`,
        ...(shows
          ? {
              notification: {
                tag: topic,
                notification_count: badge,
                ...(words.title === undefined ? { title_loc_key: 'fanfare_new_message' } : { title: words.title }),
                ...(words.body === undefined ? { body_loc_key: 'fanfare_new_message_body' } : { body: words.body }),
              },
            }
          : { collapse_key: kind }),
      },
    },
  }
}
