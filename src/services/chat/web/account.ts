import { type Signal, signal } from '@preact/signals'
import * as z from 'zod/mini'
import { type Clock, type Random, randomUuid } from '../../../kit/index.ts'

const accountSchema = z.object({ user: z.string(), token: z.string(), guest: z.boolean(), expires: z.optional(z.number()) })

const deviceKey = 'fanfare.chat.device'

/** The account that this page is signed in with. */
export type Account = z.infer<typeof accountSchema>

const claimsSchema = z.object({ sub: z.string(), exp: z.nullish(z.number()) })
const guestSchema = z.object({ token: z.string(), user: z.string() })
/** What a browser offers to keep things in; in memory where it forbids that. */
export type Shelf = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

export type SignIn = { readonly kind: 'done' } | { readonly kind: 'token-wanted' } | { readonly kind: 'refused'; readonly text: string }

/**
 * The account of this page and the name of this device, kept by the browser. `?as=` keeps several accounts side by side in one browser, `?device=`
 * several devices of one account.
 */
export class Accounts {
  readonly current: Signal<Account | undefined>
  device: string
  /** The name that the address asks for. */
  readonly as: string
  /** Whose sign-in ended by itself, rather than by whoever uses the page. */
  readonly ended: Signal<Account | undefined> = signal(undefined)
  /** Whether `as` is to be entered without being asked: not once somebody has signed out. */
  entersAlone = true
  readonly #key: string

  constructor(
    readonly shelf: Shelf,
    readonly clock: Clock,
    readonly random: Random,
    params: URLSearchParams,
  ) {
    this.as = params.get('as') ?? ''
    this.#key = this.as === '' ? 'fanfare.chat.account' : `fanfare.chat.account.${this.as}`
    this.device = params.get('device') ?? this.#storedDevice()
    this.current = signal(this.#stored())
  }

  /** Becomes a guest of this name, where the server lets guests in. */
  async enter(name: string): Promise<SignIn> {
    try {
      const response = await fetch('/auth/guest', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ name }),
      })
      if (response.status === 404 || response.status === 405) return { kind: 'token-wanted' }
      if (response.status === 400) return { kind: 'refused', text: 'Choose a name that can be seen.' }
      const guest = guestSchema.safeParse(await response.json())
      if (!response.ok || !guest.success) return { kind: 'refused', text: `The server refused this name (${response.status}).` }
      this.#keep({ ...guest.data, guest: true, ...expiryOf(guest.data.token) })
      return { kind: 'done' }
    } catch {
      return { kind: 'refused', text: 'The server cannot be reached. Try again in a moment.' }
    }
  }

  /** Uses a token that was made elsewhere. */
  useToken(token: string): SignIn {
    const claims = claimsOf(token)
    if (claims === undefined || claims.sub === '') return { kind: 'refused', text: 'This is not a token of a user.' }
    const account = { user: claims.sub, token, guest: false, ...expiryOf(token) }
    if (this.isOver(account)) return { kind: 'refused', text: 'This token has expired.' }
    this.#keep(account)
    return { kind: 'done' }
  }

  signOut(): void {
    this.entersAlone = false
    this.shelf.removeItem(this.#key)
    this.ended.value = undefined
    this.current.value = undefined
  }

  /** The next sign-in is of a device that nobody knows yet. */
  becomeNew(): void {
    this.shelf.removeItem(deviceKey)
    this.device = this.#storedDevice()
  }

  /** The token is taken no longer. The page stays where it is, for when one signs in again. */
  expire(): void {
    const account = this.current.peek()
    this.signOut()
    this.ended.value = account
  }

  #keep(account: Account): void {
    this.ended.value = undefined
    this.shelf.setItem(this.#key, JSON.stringify(account))
    this.current.value = account
  }

  #stored(): Account | undefined {
    const account = accountSchema.safeParse(parsed(this.shelf.getItem(this.#key)))
    if (!account.success) return undefined
    if (!this.isOver(account.data)) return account.data
    this.ended.value = account.data
    return undefined
  }

  /** Whether an account's token can be used no longer. */
  isOver({ expires }: Account): boolean {
    return expires !== undefined && expires <= this.clock.now()
  }

  #storedDevice(): string {
    const device = this.shelf.getItem(deviceKey) ?? `web-${randomUuid(this.random).slice(0, 13)}`
    this.shelf.setItem(deviceKey, device)
    return device
  }
}

function expiryOf(token: string): { expires?: number } {
  const exp = claimsOf(token)?.exp ?? undefined
  return exp === undefined ? {} : { expires: exp * 1000 }
}

/** The claims of a JWT. The server checks them. */
function claimsOf(token: string): z.infer<typeof claimsSchema> | undefined {
  const [, payload = ''] = token.split('.')
  const claims = claimsSchema.safeParse(parsed(decoded(payload)))
  return claims.success ? claims.data : undefined
}

function decoded(base64url: string): string {
  try {
    const binary = atob(base64url.replaceAll('-', '+').replaceAll('_', '/'))
    return new TextDecoder().decode(Uint8Array.from(binary, unit => unit.charCodeAt(0)))
  } catch {
    return ''
  }
}

function parsed(text: string | null): unknown {
  try {
    return JSON.parse(text ?? '')
  } catch {
    return undefined
  }
}

/** The browser's storage, or one that lasts as long as the page where storage is forbidden. */
export function openShelf(): Shelf {
  try {
    localStorage.getItem('fanfare.theme')
    return localStorage
  } catch {
    const kept = new Map<string, string>()
    return {
      getItem: key => kept.get(key) ?? null,
      setItem: (key, value) => void kept.set(key, value),
      removeItem: key => void kept.delete(key),
    }
  }
}
