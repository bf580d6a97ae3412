const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/g
const WHOLE = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/

/** No duration that means something is longer. */
const charactersMax = 64

/** Reads `"30s"`, `"1h30m"`, `"250ms"` or `"0s"` as milliseconds; anything else, a bare number too, is undefined. */
export function parseDuration(text: string): number | undefined {
  if (text.length > charactersMax || !WHOLE.test(text)) return undefined
  let ms = 0
  for (const [, amount, unit] of text.matchAll(PART)) ms += Number(amount) * UNITS[unit as keyof typeof UNITS]
  return Math.round(ms)
}

/** Milliseconds as the shortest duration that reads back to the same value: 90000 -> `"1m30s"`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s'
  let rest = ms
  let text = ''
  for (const unit of ['d', 'h', 'm', 's', 'ms'] as const) {
    const count = Math.floor(rest / UNITS[unit])
    if (count === 0) continue
    text += `${count}${unit}`
    rest -= count * UNITS[unit]
  }
  return text
}
