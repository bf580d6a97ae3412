import { CommandError, errors } from '../../protocol/index.ts'
import type { Identity, SubscriptionGrant, Verified, Verifier } from './identity.ts'
import type { Rates } from './rates.ts'

/** Looks at tokens, and counts those that are no good against the address that they came from. */
export class TokenCheck {
  constructor(
    readonly verifier: Verifier | undefined,
    readonly rates: Rates,
  ) {}

  /** @throws CommandError 111 where too many from there were no good */
  connection(token: string, address: string): Promise<Verified<Identity>> {
    return this.#check(address, verifier => verifier.connection(token))
  }

  /** @throws CommandError 111 where too many from there were no good */
  subscription(token: string, address: string): Promise<Verified<SubscriptionGrant>> {
    return this.#check(address, verifier => verifier.subscription(token))
  }

  async #check<T>(address: string, look: (verifier: Verifier) => Promise<Verified<T>>): Promise<Verified<T>> {
    if (this.verifier === undefined) return { kind: 'invalid', reason: 'this server has no key to check tokens with' }
    if (!this.rates.mayShowToken(address)) throw new CommandError(errors.tooManyRequests, 'too many tokens from this address were no good')
    const verified = await look(this.verifier)
    if (verified.kind === 'invalid') this.rates.tokenFailed(address)
    return verified
  }
}
