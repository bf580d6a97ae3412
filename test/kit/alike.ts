/**
 * What of a documented message is not as it is said: a path and what stands there. Texts with "…" in them, and those that are named, stand for
 * any text; everything else must be equal, and no field may be missing or undocumented.
 */
export function unlike(documented: unknown, actual: unknown, any: readonly string[] = [], path = ''): string[] {
  if (typeof documented === 'string' && (documented.includes('…') || any.includes(documented)))
    return typeof actual === 'string' ? [] : [`${path}: ${JSON.stringify(actual)}`]
  if (Array.isArray(documented) && Array.isArray(actual) && documented.length === actual.length)
    return documented.flatMap((value, index) => unlike(value, actual[index], any, `${path}[${index}]`))
  if (isRecord(documented) && isRecord(actual)) {
    const keys = new Set([...Object.keys(documented), ...Object.keys(actual)])
    return [...keys].flatMap(key => unlike(documented[key], actual[key], any, `${path}.${key}`))
  }
  return Object.is(documented, actual) ? [] : [`${path}: ${JSON.stringify(actual)}, documented ${JSON.stringify(documented)}`]
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
