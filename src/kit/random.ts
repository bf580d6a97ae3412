/** Chance as the rest of the code sees it. Passed in everywhere, so that a seed replays a run. */
export interface Random {
  /** A number in [0, 1). */
  next(): number
  /** `count` random bytes; from the system they are fit for secrets. */
  bytes(count: number): Uint8Array
}

export const systemRandom: Random = {
  next: () => Math.random(),
  bytes: count => crypto.getRandomValues(new Uint8Array(count)),
}

/** A reproducible sequence from a 32-bit seed (mulberry32). Not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  return { next, bytes: count => Uint8Array.from({ length: count }, () => Math.floor(next() * 256)) }
}

/** A random identifier of `bytes` bytes in base64url: 16 bytes are 22 characters and cannot be guessed. */
export function randomId(random: Random, bytes = 16): string {
  return Buffer.from(random.bytes(bytes)).toString('base64url')
}

/** An integer in [low, high]. */
export function between(random: Random, low: number, high: number): number {
  return low + Math.floor(random.next() * (high - low + 1))
}

/** A version 4 UUID (RFC 9562). */
export function randomUuid(random: Random): string {
  const bytes = random.bytes(16)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  // Not by `Buffer`, which browsers do not have.
  const hex = [...bytes].map(byte => byte.toString(16).padStart(2, '0')).join('')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
