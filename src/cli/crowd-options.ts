/** How every connection of a crowd connects, joins, and is counted. */
export interface CrowdOptions {
  readonly wire: 'sse' | 'ws'
  readonly host: string
  readonly port: number
  readonly tls: boolean
  /** `{i}` stands for the number of the connection, here and in `greetings`. */
  readonly path: string
  readonly connections: number
  /** Connections in the opening at once. */
  readonly inFlight: number
  /** Connections opened a second; 0 for as fast as they are answered. */
  readonly perSecond: number
  readonly headers: readonly string[]
  /** Text frames that a WebSocket sends first, as lines of one frame. */
  readonly greetings: readonly string[]
  /** A connection is open once a message with this text has come; without it, once the response head has. */
  readonly openText: string | undefined
  /** What begins a message within an event or a frame; each one counts, so that a batch counts as what is in it. */
  readonly match: string | undefined
  /** A message that is exactly the key is answered with the value, and not counted. */
  readonly answers: ReadonlyMap<string, string>
}

/** Unix time in microseconds. */
export type NowUs = () => number
