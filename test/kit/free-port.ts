/** A port that nobody had a moment ago, for whoever cannot be given port 0. */
export function freePort(): number {
  using listener = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
  return listener.port
}
