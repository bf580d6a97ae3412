import type { Clock, Json } from '../../kit/index.ts'
import { CommandError, errors, type Position } from '../../protocol/index.ts'
import type { HookClient } from '../contracts/hooks.ts'

/** A subscription that comes with the connection, without being asked for. */
export interface GreetedSubscription {
  /** The reply brings everything after this position, or `recovered: false` and none of it. Without one the client's own wish counts. */
  readonly since?: Position
  /** Stands beside the subscription in the reply. */
  readonly data?: Json
}

/** What a service gives to a session that connects. */
export interface Greeting {
  /** By channel. They need no permission; the client cannot end them. */
  readonly subs?: Readonly<Record<string, GreetedSubscription>>
  /** Goes into the reply where neither token nor hook gave any. */
  readonly data?: Json
}

/**
 * Asked for each WebSocket that connects, once it is known who it is, with the `data` of its connect command. May be asked again for the same
 * client where a link between nodes broke. @throws CommandError, which refuses the connection
 */
export type Greeter = (client: HookClient, data: Json | undefined) => Promise<Greeting | undefined>

/** How long a service may think. Below `staleMs`, after which the connection would be closed for good; an error lets the client try again. */
const greetMs = 8000

/** The same greeter, which fails where it does not answer in time. */
export function inTime(clock: Clock, greeter: Greeter): Greeter {
  return (client, data) =>
    new Promise((resolve, reject) => {
      const late = clock.after(greetMs, () => reject(new CommandError(errors.internal, 'a service does not answer')))
      greeter(client, data)
        .then(resolve, reject)
        .finally(() => late.cancel())
    })
}

const nothing: Greeting = {}

/** All greeters of a node, as one. What two of them say of the same channel is what the later one says. */
export class Greeters {
  readonly #all: Greeter[] = []

  get size(): number {
    return this.#all.length
  }

  add(greeter: Greeter): void {
    this.#all.push(greeter)
  }

  async greet(client: HookClient, data: Json | undefined): Promise<Greeting> {
    if (this.#all.length === 0) return nothing
    const greetings = await Promise.all(this.#all.map(greeter => greeter(client, data)))
    return greetings.reduce<Greeting>((all, greeting) => (greeting === undefined ? all : join(all, greeting)), nothing)
  }
}

function join(left: Greeting, right: Greeting): Greeting {
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
