/** A client that follows channels, and comes back by itself whenever it loses its connection. */
export interface ChaosClient {
  readonly name: string
  /** The way it is connected. */
  readonly kind: 'centrifuge SDK' | 'raw WebSocket' | 'EventSource' | 'fanfare/chat'
  readonly isConnected: boolean
  /** How often it has been connected. */
  readonly connections: number
  /** What may not happen to a client, in words. */
  readonly faults: readonly string[]
  connect(): Promise<void>
  close(): void
}

/** Where clients connect, and how they show who they are. */
export interface Entrance {
  /** `http://host:port` */
  readonly url: string
  readonly apiKey: string
  tokenOf(user: string): Promise<string>
}

export function socketUrl({ url }: Pick<Entrance, 'url'>): string {
  return `${url.replace('http', 'ws')}/connection/websocket`
}
