import { type JWTPayload, SignJWT } from 'jose'

/** The secret that test servers check HS256 tokens with. */
export const tokenSecret = 'a-secret-for-tests-of-32-bytes-and-more'
export const apiKey = 'an-api-key-for-tests-of-32-bytes-and-more'

/** Made with a library and not with the server's own signer, so that both ends are tried. */
export function sign(claims: JWTPayload, secret = tokenSecret): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).sign(new TextEncoder().encode(secret))
}

export function userToken(sub: string, more: JWTPayload = {}): Promise<string> {
  return sign({ sub, ...more })
}

/** Unix seconds, `s` seconds from now. */
export function inSeconds(s: number): number {
  return Math.floor(Date.now() / 1000) + s
}
