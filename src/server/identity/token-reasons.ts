import { decodeProtectedHeader, errors as jose } from 'jose'
import type { TokenSource } from '../config/index.ts'

/** A stranger's word inside a reason: as JSON, cut where it is long. */
const wordMax = 32

/** Why a token that failed is none of ours, for whoever made it. Names options and claims; never the token or a key. */
export function whyInvalid(error: Error, token: string, source: TokenSource): string {
  if (error instanceof jose.JWSSignatureVerificationFailed)
    return algorithmOf(token) === 'HS256'
      ? 'its signature was not made with this server’s hmac_secret_key'
      : 'its signature was not made with the key that jwks_public_endpoint has for it'
  if (error instanceof jose.JWKSNoMatchingKey) return 'jwks_public_endpoint has no key of its `kid` and `alg`'
  if (error instanceof jose.JWKSMultipleMatchingKeys) return 'jwks_public_endpoint has several keys that fit: it needs a `kid`'
  if (error instanceof jose.JWTClaimValidationFailed) return whyClaim(error, source)
  if (error instanceof jose.JOSEAlgNotAllowed || error instanceof jose.JOSENotSupported) return whyNoKey(token, source)
  return `not a JWT: ${error.message}`
}

/** Why there is no key to check a token with. */
export function whyNoKey(token: string, { hmacSecretKey, jwksPublicEndpoint }: TokenSource): string {
  const accepted = [
    ...(hmacSecretKey === undefined ? [] : ['HS256 (hmac_secret_key)']),
    ...(jwksPublicEndpoint === undefined ? [] : ['RS256, ES256 and EdDSA (jwks_public_endpoint)']),
  ]
  const takes = accepted.length === 0 ? 'this server has no key to check tokens with' : `this server takes ${accepted.join(' and ')}`
  return `its \`alg\` is ${shown(algorithmOf(token))}, and ${takes}`
}

function whyClaim({ claim, reason }: jose.JWTClaimValidationFailed, { audience, issuer }: TokenSource): string {
  if (claim === 'aud') return `aud: expected ${shown(audience)}`
  if (claim === 'iss') return `iss: expected ${shown(issuer)}`
  if (claim === 'nbf' && reason === 'check_failed') return 'nbf: the token is not valid yet'
  return `${claim}: expected a number of Unix seconds`
}

function algorithmOf(token: string): string | undefined {
  try {
    return decodeProtectedHeader(token).alg
  } catch {
    return undefined
  }
}

function shown(word: string | undefined): string {
  return word === undefined ? 'missing' : JSON.stringify(word.length > wordMax ? `${word.slice(0, wordMax)}…` : word)
}
