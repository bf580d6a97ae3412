import type { Clock, Json } from '../../kit/index.ts'
import { CommandError, errors, type Position } from '../../protocol/index.ts'
import type { HookClient } from '../contracts/hooks.ts'

/** A subscription that comes with the connection, without being asked for. */
export interface ServerSideSubscription {
  /** The reply brings everything after this position, or `recovered: false` and none of it. Without one the client's own wish counts. */
  readonly since?: Position
  /** Stands beside the subscription in the reply. */
  readonly data?: Json
}

/** What a service gives to a session that connects: subscriptions and data for the connect reply. */
export interface ServerSideSubscriptions {
  /** By channel. They need no permission; the client cannot end them. */
  readonly subs?: Readonly<Record<string, ServerSideSubscription>>
  /** Goes into the reply where neither token nor hook gave any. */
  readonly data?: Json
}

/**
 * Called for each WebSocket that connects, once its user is known, with the `data` of its connect command. May be called again for the same
 * client if a link between nodes broke. @throws CommandError, which refuses the connection
 */
export type ConnectHandler = (client: HookClient, data: Json | undefined) => Promise<ServerSideSubscriptions | undefined>

/** How long a handler may take. Below `staleMs`, after which the connection would be closed for good; an error lets the client try again. */
const connectHandlerMs = 8000

/** The same handler, which fails if it does not answer in time. */
export function inTime(clock: Clock, handler: ConnectHandler): ConnectHandler {
  return (client, data) =>
    new Promise((resolve, reject) => {
      const late = clock.after(connectHandlerMs, () => reject(new CommandError(errors.internal, 'a service does not answer')))
      handler(client, data)
        .then(resolve, reject)
        .finally(() => late.cancel())
    })
}

const nothing: ServerSideSubscriptions = {}

/** All connect handlers of a node. If two of them name the same channel, the later one counts. */
export class ConnectHandlers {
  readonly #all: ConnectHandler[] = []

  get size(): number {
    return this.#all.length
  }

  add(handler: ConnectHandler): void {
    this.#all.push(handler)
  }

  async handle(client: HookClient, data: Json | undefined): Promise<ServerSideSubscriptions> {
    if (this.#all.length === 0) return nothing
    const answers = await Promise.all(this.#all.map(handler => handler(client, data)))
    return answers.reduce<ServerSideSubscriptions>((all, serverSide) => (serverSide === undefined ? all : join(all, serverSide)), nothing)
  }
}

function join(left: ServerSideSubscriptions, right: ServerSideSubscriptions): ServerSideSubscriptions {
  const data = joinData(left.data, right.data)
  return { subs: { ...left.subs, ...right.subs }, ...(data === undefined ? {} : { data }) }
}

/** The fields of objects stand beside each other; of anything else there can be only one. */
function joinData(left: Json | undefined, right: Json | undefined): Json | undefined {
  if (left === undefined || right === undefined) return left ?? right
  return isFields(left) && isFields(right) ? { ...left, ...right } : left
}

function isFields(data: Json): data is { readonly [name: string]: Json } {
  return typeof data === 'object' && data !== null && !Array.isArray(data)
}
