import type { ServerProcess, Stage } from './stage.ts'

export type Wire = 'sse' | 'ws'

/** How one client of a server connects, joins, and is known to be there. */
export interface Audience {
  readonly wire: Wire
  /** `{i}` stands for the number of the connection, here and in `greetings`. */
  readonly path: string
  /** Text frames that a WebSocket sends first, as lines of one frame. */
  readonly greetings?: readonly string[]
  /** A connection is there once a message with this text has come; without it, once the response head has. */
  readonly openText?: string
  /** What begins a message in an event or a frame; each one counts, so that a batch counts as what is in it. Without it every event or frame does. */
  readonly match?: string
  /** `PING=PONG`: what the client answers. */
  readonly answers?: readonly string[]
}

/** A running server with one channel that everybody listens to. */
export interface Service {
  readonly process: ServerProcess
  audience(wire: Wire): Audience
  /** Publishes the messages, each a line of JSON, in one go where the server can; resolves to how many of them it accepted. */
  publish(messages: readonly string[]): Promise<number>
}

/** A server that can be started, fed and stopped: Fanfare itself, or what it is measured beside. */
export interface Peer {
  readonly name: string
  /** Why it cannot run here, or undefined. */
  missing(stage: Stage): string | undefined
  start(stage: Stage): Promise<Service>
}

/** The body of a publication: a line of JSON of exactly `bytes` bytes with its number and the time it was made, in microseconds. */
export function message(n: number, bytes = 200): string {
  const unixUs = Math.round((performance.timeOrigin + performance.now()) * 1000)
  const head = `{"n":${n},"ts":${unixUs},"x":"`
  return `${head}${'x'.repeat(Math.max(0, bytes - head.length - 2))}"}`
}
