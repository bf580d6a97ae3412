import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey, errors as jose } from 'jose'
import { z } from 'zod'
import { type Clock, type Fetch, OutboundHttp } from '../../kit/index.ts'
import { CommandError, errors } from '../../protocol/index.ts'

/** How long to wait for the key server, until the last byte. */
const timeoutMs = 5_000
/** After this a key set is fetched again, so that a key that was withdrawn does not open anything for longer. */
const maxAgeMs = 600_000
/**
 * How long after one fetch the next waits that an unknown key asks for. Anybody can invent a key's name, so that this is how often strangers
 * may make us ask, and how long the first tokens of a new key may have to wait. Within it an unknown key is answered with a temporary error.
 */
const cooldownMs = 5_000
/** A key takes about 2 KB with its certificates. Beyond: as if the key server had not answered. */
const bytesMax = 1024 * 1024

const keySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) })

interface Fetched {
  readonly find: JWTVerifyGetKey
  readonly names: ReadonlySet<string | undefined>
  readonly atMs: number
}

/** The public keys at a URL, fetched when they are needed. */
export class PublicKeys {
  #fetched: Fetched | undefined
  #fetching: Promise<Fetched> | undefined
  readonly #http: OutboundHttp

  constructor(
    readonly url: string,
    readonly clock: Clock,
    fetch: Fetch,
  ) {
    this.#http = new OutboundHttp({ clock, fetch, answerBytesMax: bytesMax })
  }

  /**
   * The key that a token names.
   * @throws CommandError 100 (temporary) where a key server that can be asked again could still have it
   */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    const known = this.#isOlderThan(maxAgeMs) ? undefined : this.#fetched
    const keys = known ?? (await this.#fetch())
    try {
      return await keys.find(header, token)
    } catch (error) {
      if (!(error instanceof jose.JWKSNoMatchingKey)) throw error
      // The key set that was fetched for this very token lacks the key, or has the name for another algorithm.
      if (keys !== known || keys.names.has(header?.kid)) throw error
    }
    if (!this.#isOlderThan(cooldownMs)) throw new CommandError(errors.internal, 'the public keys do not have this one yet')
    return await (await this.#fetch()).find(header, token)
  }

  #isOlderThan(ms: number): boolean {
    return this.#fetched === undefined || this.clock.now() - this.#fetched.atMs >= ms
  }

  /** One for all who wait for it. */
  #fetch(): Promise<Fetched> {
    this.#fetching ??= this.#ask().finally(() => {
      this.#fetching = undefined
    })
    return this.#fetching
  }

  async #ask(): Promise<Fetched> {
    try {
      const headers = { Accept: 'application/json' }
      const result = await this.#http.send(timeoutMs, async () => [{ url: this.url, method: 'GET', headers }])
      if (result.kind !== 'answered') throw new Error(result.reason)
      const { status, text, isCut } = result.answer
      if (status < 200 || status >= 300 || isCut) throw new Error(`status ${status}`)
      const keys: JSONWebKeySet = keySet.parse(JSON.parse(text))
      this.#fetched = { find: createLocalJWKSet(keys), names: new Set(keys.keys.map(({ kid }) => kid)), atMs: this.clock.now() }
      return this.#fetched
    } catch {
      throw new CommandError(errors.internal, 'the public keys cannot be fetched')
    }
  }
}
