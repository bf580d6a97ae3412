import type { SimClock } from '../../sim/core/clock.ts'
import type { Connector, LinkListener } from '../../src/cluster/index.ts'
import { type Bytes, type Node, Session, type Socket, silentLog, type Verifier, websocketWire } from '../../src/hub/index.ts'
import { type Json, seededRandom } from '../../src/kit/index.ts'
import { Application, type ApplicationDeps, type ApplicationOptions, type ConfigInput, configure } from '../../src/server/index.ts'
import { PipeSocket } from './fakes/link-pipe.ts'

const secret = 'a-secret-of-all-nodes'

/** Applications in one process: their links are pipes in memory, and their time is a simulated clock. */
export class Applications {
  readonly #listeners = new Map<string, LinkListener>()
  readonly #pipes = new Map<PipeSocket, { readonly from: string; readonly to: string }>()

  constructor(readonly clock: SimClock) {}

  /** A central node, reached at `ws://<id>`; with `above` a node below the first of these that is there; with `fleet` one of several. */
  create(
    id: string,
    input: ConfigInput = {},
    above?: string | readonly string[],
    deps: Partial<ApplicationDeps> = {},
    fleet?: ApplicationOptions['fleet'],
  ): Application {
    const { clock } = this
    const config = configure({ node: { secret }, client: { token: { hmac_secret_key: secret.repeat(2) } }, ...input })
    const parent: ApplicationOptions['parent'] =
      above === undefined ? undefined : { upstreams: [above].flat().map(name => `ws://${name}`), secret, role: 'relay', region: '' }
    return new Application(
      { config, parent, fleet, id },
      {
        ...{ clock, random: seededRandom(Bun.hash.xxHash32(id)), log: silentLog, verifier, connect: this.#connectFrom(id) },
        listen: links => this.#listeners.set(`ws://${id}`, links),
        ...deps,
      },
    )
  }

  /** A node is gone: its links break, and it is not reached any more. */
  unplug(id: string): void {
    const address = `ws://${id}`
    this.#listeners.delete(address)
    for (const [pipe, ends] of [...this.#pipes]) if (ends.from === id || ends.to === address) pipe.terminate()
  }

  /** Every link breaks. Nodes below link again by themselves. */
  cutLinks(): void {
    for (const pipe of [...this.#pipes.keys()]) pipe.terminate()
  }

  #connectFrom(from: string): Connector {
    return (upstream, shown, events) => this.#connect(from, upstream, shown, events)
  }

  #connect(from: string, upstream: string, shown: string, events: Parameters<Connector>[2]): PipeSocket {
    const [lower, upper] = PipeSocket.pair(this.clock)
    lower.received = text => events.received(text)
    lower.ended = (code, reason) => {
      this.#pipes.delete(lower)
      events.ended(code, reason)
    }
    this.#pipes.set(lower, { from, to: upstream })
    this.clock.after(1, () => {
      const listener = this.#listeners.get(upstream)
      if (listener === undefined) upper.terminate()
      else {
        const refusal = listener.refusal(shown)
        if (refusal === undefined) {
          const end = listener.accept(upper)
          upper.received = text => end.received(text)
          upper.ended = () => end.gone()
        }
        events.opened()
        if (refusal !== undefined) upper.close(refusal.code, refusal.reason)
      }
    })
    return lower
  }
}

/** Tokens are the names of users. */
const verifier: Verifier = {
  connection: async user => ({ kind: 'valid', value: { user } }),
  subscription: async () => ({ kind: 'invalid', reason: 'not in use' }),
}

/** What a client is told in one message, as far as tests look. */
export interface Told {
  readonly id?: number
  readonly error?: { readonly code: number }
  readonly rpc?: { readonly data: Json }
  readonly subscribe?: {
    readonly recovered?: boolean
    readonly epoch?: string
    readonly offset?: number
    readonly publications?: readonly { readonly data: Json; readonly offset?: number }[]
  }
  readonly push?: { readonly channel: string; readonly pub?: { readonly data: Json; readonly offset?: number } }
}

/** A client of an application, without a connection: what would go out by a WebSocket it reads. */
export class DirectClient implements Socket {
  readonly told: Told[] = []
  closedWith: number | undefined
  readonly session: Session
  #commands = 0

  constructor(
    node: Node,
    token: string,
    readonly clock: SimClock,
  ) {
    this.session = new Session(node, `client of ${token}`, this, websocketWire(), '192.0.2.1')
    node.sessions.add(this.session)
    this.call({ connect: { token } })
  }

  /** @returns the reply, once time has passed for it */
  call(command: object): Told | undefined {
    const id = ++this.#commands
    this.session.receive(JSON.stringify({ id, ...command }))
    this.clock.advance(100)
    return this.told.find(message => message.id === id)
  }

  /** The data of what was published in a channel while it was followed. */
  data(channel: string): Json[] {
    return this.told.flatMap(({ push }) => (push?.channel === channel && push.pub !== undefined ? [push.pub.data] : []))
  }

  write(bytes: Bytes): boolean {
    this.told.push(
      ...String(bytes)
        .split('\n')
        .filter(line => line !== '')
        .map((line): Told => JSON.parse(line)),
    )
    return true
  }

  bufferedBytes(): number {
    return 0
  }

  close(code: number): void {
    this.closedWith = code
  }
}
