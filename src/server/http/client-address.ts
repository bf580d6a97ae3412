import { isIP } from 'node:net'
import { type Networks, unmapped } from '../config/index.ts'

/**
 * Who a request comes from. What a header says counts only as far as trusted proxies wrote it: the list is read from the right, and the first
 * address that is no trusted proxy is the client's. What stands left of it anybody could have written.
 * @returns '' where a trusted proxy does not say: its own address must not be limited as if it were a client
 */
export function clientAddress(headers: Headers, peer: string, trusted: Networks): string {
  if (!trusted.has(peer)) return peer
  for (const hop of hopsOf(headers).reverse()) {
    const address = addressIn(hop)
    // An unreadable entry ends the chain: only the proxy behind it is known.
    if (address === undefined) return ''
    if (!trusted.has(address)) return address
  }
  return ''
}

/** Proxies that write `X-Forwarded-For` pass a client's own `Forwarded` (RFC 7239) on, so that the latter counts only alone. */
function hopsOf(headers: Headers): string[] {
  const list = headers.get('x-forwarded-for')
  if (list !== null) return list.split(',')
  return (headers.get('forwarded') ?? '').split(',').flatMap(hop => {
    const found = hop.split(';').map(pair => /^\s*for\s*=\s*(.*?)\s*$/i.exec(pair)?.[1])
    return found.find(value => value !== undefined) ?? (hop.trim() === '' ? [] : 'unknown')
  })
}

/** `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]:4711`, each perhaps in quotes. */
function addressIn(hop: string): string | undefined {
  const text = hop.trim().replace(/^"(.*)"$/, '$1')
  const bare = /^\[(.+)\](?::\d+)?$/.exec(text)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+)(?::\d+)?$/.exec(text)?.[1] ?? text
  return isIP(bare) === 0 ? undefined : unmapped(bare)
}
