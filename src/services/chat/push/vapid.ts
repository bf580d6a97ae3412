import { join } from 'node:path'
import { generateVAPIDKeys, getVapidHeaders } from 'web-push'
import { z } from 'zod'
import type { Clock, Random } from '../../../kit/index.ts'
import { openKept } from '../../../service.ts'
import { pushLimits } from './limits.ts'

/** The pair by which push services know this server, both in base64url (RFC 8292). */
export interface VapidKeys {
  readonly publicKey: string
  readonly privateKey: string
}

const keptSchema = z.object({ public_key: z.string().length(87), private_key: z.string().length(43) })

export function vapidPath(data: string): string {
  return join(data, 'vapid.json')
}

/** The keys kept in the data folder, made up on the first call. Subscriptions hang on them, so they outlive everything else. @throws ConfigError */
export function openVapidKeys(data: string, random: Random): VapidKeys {
  const make = () => {
    const { publicKey, privateKey } = generateVAPIDKeys()
    return { public_key: publicKey, private_key: privateKey }
  }
  const renews = 'new keys, for which every device must subscribe anew'
  const kept = openKept({ path: vapidPath(data), schema: keptSchema, make, renews, random })
  return { publicKey: kept.public_key, privateKey: kept.private_key }
}

/** Tokens that say to a push service who sends: one for each, used again until shortly before its end, for push services count new ones. */
export class VapidTokens {
  readonly #byOrigin = new Map<string, { readonly header: string; readonly renewAt: number }>()

  constructor(
    readonly keys: VapidKeys,
    readonly subject: string,
    readonly clock: Clock,
  ) {}

  /** The value of `Authorization` for an origin. */
  headerFor(origin: string): string {
    const now = this.clock.now()
    const known = this.#byOrigin.get(origin)
    if (known !== undefined && now < known.renewAt) return known.header
    const { publicKey, privateKey } = this.keys
    const expires = Math.floor((now + pushLimits.vapidMs) / 1000)
    const { Authorization: header } = getVapidHeaders(origin, this.subject, publicKey, privateKey, 'aes128gcm', expires)
    this.#byOrigin.delete(origin)
    this.#byOrigin.set(origin, { header, renewAt: now + pushLimits.vapidMs - pushLimits.vapidRenewMs })
    this.#forgetOldest()
    return header
  }

  #forgetOldest(): void {
    const [oldest] = this.#byOrigin.keys()
    if (oldest !== undefined && this.#byOrigin.size > pushLimits.vapidOriginsMax) this.#byOrigin.delete(oldest)
  }
}
