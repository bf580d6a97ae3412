const byCode: Readonly<Record<number, number>> = {
  100: 500,
  101: 401,
  102: 404,
  103: 403,
  104: 404,
  105: 409,
  106: 413,
  107: 400,
  108: 404,
  109: 401,
  110: 401,
  111: 429,
  112: 416,
  3500: 401,
  3501: 400,
  3503: 403,
  3504: 503,
  3507: 403,
}

/** The HTTP status of a protocol code. Services' own codes, 400 to 599, are statuses already. */
export function statusOf(code: number): number {
  if (code >= 400 && code < 600) return code
  // Closes: come back later, or stay away.
  if (code >= 3000 && code < 5000) return byCode[code] ?? (code < 3500 || (code >= 4000 && code < 4500) ? 503 : 403)
  return byCode[code] ?? (code >= 1000 && code < 2000 ? 422 : 500)
}
