const signs: ReadonlySet<string> = new Set(['forwarded', 'via', 'x-real-ip'])
const family = 'x-forwarded-'

/** The first header by which a proxy says that a request came through it, as nginx, haproxy, Caddy and tunnels send them. */
export function proxySignOf(headers: Headers): string | undefined {
  for (const name of headers.keys()) if (signs.has(name) || name.startsWith(family)) return name
  return undefined
}
