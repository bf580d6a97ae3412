import { apiKey } from './tokens.ts'

/** What a scraper that holds the key of the server API reads. */
export async function metricsOf({ url }: { readonly url: string }, key = apiKey): Promise<string> {
  return (await fetch(`${url}/metrics`, { headers: { 'X-API-Key': key } })).text()
}
