/** Asks another machine over HTTP, as `fetch` does. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>
