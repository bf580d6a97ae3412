/** The response head of an event stream: never stored, never buffered by a proxy in between. */
export const sseHeaders = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-store',
  'X-Accel-Buffering': 'no',
} as const

/** One event. JSON has no raw line breaks, so a single `data:` line holds it. */
export function sseEvent(json: string, id?: string): string {
  return id === undefined ? `data: ${json}\n\n` : `id: ${id}\ndata: ${json}\n\n`
}

/**
 * A comment that keeps proxies and watchdogs from taking a quiet stream for a dead one. It has no empty line of its own: once there was an
 * id, Python's httpx-sse and Go's r3labs/sse take every empty line for an event, and hand it out without data.
 */
export const sseHeartbeat = ':\n'

/** How long the browser waits before it connects again: the first line of an event, for the same reason. */
export function sseRetry(ms: number): string {
  return `retry: ${Math.round(ms)}\n`
}
