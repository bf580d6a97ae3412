import { createECDH, type ECDH, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decrypt } from 'http_ece'
import { importJWK, jwtVerify } from 'jose'
import type { PushSubscription } from '../../src/services/chat/push/index.ts'
import { Folder } from '../kit/index.ts'

/** The name that the certificate is for; it is resolved to this machine by the sender's option. */
export const pushHost = 'push.test'

export interface Received {
  readonly device: string
  readonly headers: Headers
  readonly cipherBytes: number
  readonly body: unknown
  readonly jwt: string
  /** Claims of the token, whose signature was found good by the key beside it. */
  readonly claims: { readonly aud?: unknown; readonly exp?: number; readonly sub?: unknown }
  readonly key: string
}

type Answer = (device: string) => Response | Promise<Response>

/** A browser's side of a subscription. */
interface Device {
  readonly ecdh: ECDH
  readonly auth: string
}

const created = () => new Response(null, { status: 201 })

/** A push service as browsers' makers run them: HTTPS, on a name, taking what RFC 8030 says, and decrypting it as the devices would. */
export class PushService implements AsyncDisposable {
  readonly received: Received[] = []
  readonly failures: string[] = []
  /** How it answers; 201 unless a test says otherwise. */
  answer: Answer = created
  inFlight = 0
  inFlightMax = 0
  readonly ca: string
  readonly #folder = new Folder()
  readonly #devices = new Map<string, Device>()
  readonly #server: Bun.Server<undefined>

  constructor() {
    const [key, cert] = [join(this.#folder.path, 'key.pem'), join(this.#folder.path, 'cert.pem')]
    const names = `subjectAltName=DNS:${pushHost},DNS:localhost`
    const making = Bun.spawnSync([
      ...['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
      ...['-subj', '/CN=push', '-addext', names, '-keyout', key, '-out', cert],
    ])
    if (!making.success) throw new Error(`openssl made no certificate: ${making.stderr.toString()}`)
    this.ca = readFileSync(cert, 'utf8')
    this.#server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      idleTimeout: 10,
      tls: { key: readFileSync(key, 'utf8'), cert: this.ca },
      fetch: request => this.#take(request),
    })
  }

  get port(): number {
    return this.#server.port ?? 0
  }

  get authority(): string {
    return `${pushHost}:${this.port}`
  }

  get origin(): string {
    return `https://${this.authority}`
  }

  /** A device of the user, subscribed as a browser would be. */
  subscribe(user: string, device: string, host = pushHost): PushSubscription {
    const ecdh = createECDH('prime256v1')
    const p256dh = ecdh.generateKeys('base64url')
    const auth = randomBytes(16).toString('base64url')
    const id = `${user}-${device}`
    this.#devices.set(id, { ecdh, auth })
    return { user, device, endpoint: `https://${host}:${this.port}/send/${id}`, p256dh, auth }
  }

  to(id: string): Received[] {
    return this.received.filter(({ device }) => device === id)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true)
    this.#folder[Symbol.dispose]()
  }

  async #take(request: Request): Promise<Response> {
    this.inFlight++
    this.inFlightMax = Math.max(this.inFlightMax, this.inFlight)
    try {
      const id = new URL(request.url).pathname.replace('/send/', '')
      this.received.push(await this.#read(id, request))
      return await this.answer(id)
    } catch (error) {
      this.failures.push(String(error))
      return new Response(String(error), { status: 400 })
    } finally {
      this.inFlight--
    }
  }

  async #read(id: string, request: Request): Promise<Received> {
    const device = this.#devices.get(id)
    if (device === undefined) throw new Error(`nobody subscribed as ${id}`)
    const cipher = Buffer.from(await request.arrayBuffer())
    const plain = decrypt(cipher, { version: 'aes128gcm', privateKey: device.ecdh, authSecret: device.auth })
    const [, jwt = '', key = ''] = /^vapid t=([\w.-]+), k=([\w-]+)$/.exec(request.headers.get('authorization') ?? '') ?? []
    const point = Buffer.from(key, 'base64url')
    const [x, y] = [point.subarray(1, 33).toString('base64url'), point.subarray(33).toString('base64url')]
    const { payload: claims } = await jwtVerify(jwt, await importJWK({ kty: 'EC', crv: 'P-256', x, y }, 'ES256'))
    const body: unknown = JSON.parse(plain.toString('utf8'))
    return { device: id, headers: request.headers, cipherBytes: cipher.length, body, jwt, claims, key }
  }
}
