/** The credentials after the scheme in `Authorization`, which may be written in any case (RFC 9110, 11.1); undefined for another scheme. */
export function credentialsOf({ headers }: Request, scheme: 'bearer' | 'apikey'): string | undefined {
  const [given, credentials] = (headers.get('authorization') ?? '').split(/ +(.*)/s, 2)
  return given?.toLowerCase() === scheme ? credentials : undefined
}
