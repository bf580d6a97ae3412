/** Sends a body to a server under measurement over a connection that stays open; fails on anything but a 2xx. */
export async function post(url: string, body: string, headers: Record<string, string> = {}): Promise<string> {
  const response = await fetch(url, { method: 'POST', body, headers })
  const text = await response.text()
  if (!response.ok) throw new Error(`POST ${url} was answered with ${response.status}: ${text.slice(0, 200)}`)
  return text
}
