import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto'
import { z } from 'zod'
import { parseJson } from '../../../kit/index.ts'

/** A link lasts this long at least, and at most twice as long: those made in between are the same, so that a browser finds in its cache what it has. */
const lastsMs = 10 * 60_000

const nonceBytes = 12
const tagBytes = 16
const sealed = z.tuple([z.string(), z.string(), z.number()])
const jsonBounds = { depthMax: 2, keysMax: 2, itemsMax: 4 } as const

/**
 * Links to files that work without a token, as `<img>` and downloads cannot send one. A URL is logged, shared and kept in histories: so a link names one
 * file, for one user, for minutes, and says neither who that is nor how to sign another. It proves who asks and grants nothing: whether they may see
 * the file is asked each time that it is followed.
 */
export class FileLinks {
  readonly #sealKey: Buffer
  readonly #nonceKey: Buffer

  constructor(secret: string) {
    const derive = (use: string) => createHmac('sha256', secret).update(use).digest()
    this.#sealKey = derive('seal')
    this.#nonceKey = derive('nonce')
  }

  /** @param now in milliseconds */
  issue(user: string, file: string, now: number): { readonly path: string; readonly expires: number } {
    const expires = (Math.floor(now / lastsMs) + 2) * lastsMs
    return { path: `/chat/files/${file}?t=${this.#seal(JSON.stringify([user, file, expires]))}`, expires }
  }

  /** The user of this link; undefined if it has expired, is for another file, or is forged. */
  userOf(ticket: string, file: string, now: number): string | undefined {
    const opened = this.#open(ticket)
    const read = opened === undefined ? undefined : sealed.safeParse(parseJson(opened, jsonBounds))
    if (read?.success !== true) return undefined
    const [user, whichFile, expires] = read.data
    return whichFile === file && expires > now ? user : undefined
  }

  /** AES-256-GCM. The nonce is made of what is sealed (as in RFC 5297), so that no two texts share one and the same text gives the same ticket. */
  #seal(text: string): string {
    const nonce = createHmac('sha256', this.#nonceKey).update(text).digest().subarray(0, nonceBytes)
    const cipher = createCipheriv('aes-256-gcm', this.#sealKey, nonce)
    const bytes = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
    return Buffer.concat([nonce, cipher.getAuthTag(), bytes]).toString('base64url')
  }

  #open(ticket: string): string | undefined {
    const bytes = Buffer.from(ticket, 'base64url')
    if (bytes.length <= nonceBytes + tagBytes) return undefined
    const decipher = createDecipheriv('aes-256-gcm', this.#sealKey, bytes.subarray(0, nonceBytes))
    decipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes))
    try {
      return Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()]).toString('utf8')
    } catch {
      // Made up, or changed.
      return undefined
    }
  }
}
