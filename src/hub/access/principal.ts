/**
 * Who pays for what is asked: a known user, whatever connections they have, or the address of strangers. The two never share a name, so that
 * nobody can be called like somebody else's address.
 */
export type Principal = `user:${string}` | `address:${string}`

export function principalOf(user: string, address: string): Principal {
  return user === '' ? `address:${networkOf(address)}` : `user:${user}`
}

/** Whether a principal is a user, and not the network of strangers. */
export function isUser(principal: string): boolean {
  return principal.startsWith('user:')
}

/**
 * What one subscriber of an Internet provider holds: an IPv4 address, or the /64 of an IPv6 address, within which everybody can pick as many
 * addresses as they like (RFC 6177).
 */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  const [left = '', right] = (address.split('%')[0] ?? '').split('::')
  const [before, after] = [groupsOf(left), groupsOf(right ?? '')]
  const zeros = right === undefined ? 0 : Math.max(0, 8 - before.length - after.length)
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...after]
  return `${groups
    .slice(0, 4)
    .map(group => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}

/** Whether it is this machine's own: then it says nothing of who is behind it, be it a test, a program beside the server, or a proxy in front. */
export function isLoopbackAddress(address: string): boolean {
  return address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.')
}

function groupsOf(part: string): string[] {
  return part === '' ? [] : part.split(':')
}
