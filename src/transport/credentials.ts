/** What follows the scheme in `Authorization`, whose name may be written in any case (RFC 9110, 11.1); undefined where it is another. */
export function credentialsOf({ headers }: Request, scheme: 'bearer' | 'apikey'): string | undefined {
  const [given, credentials] = (headers.get('authorization') ?? '').split(/ +(.*)/s, 2)
  return given?.toLowerCase() === scheme ? credentials : undefined
}
