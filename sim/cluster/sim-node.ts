import type { Connector, LinkListener } from '../../src/cluster/index.ts'
import { type Limits, type Log, type Node, websocketWire } from '../../src/hub/index.ts'
import type { Random } from '../../src/kit/index.ts'
import {
  Application,
  type ApplicationConfig,
  type ApplicationOptions,
  type ApplicationStore,
  type ConfigInput,
  configure,
} from '../../src/server/index.ts'
import type { Sql } from '../../src/store/index.ts'
import { changeWatchlist, type SseTransport, type WatchlistChange, type WatchReply } from '../../src/transport/index.ts'
import type { MachineClock } from '../core/clock.ts'
import type { Machine } from '../core/machine.ts'
import type { Listener } from './listener.ts'
import { verifier } from './open-node.ts'
import { SocketSet } from './socket-set.ts'

export interface SimNodeOptions {
  readonly config: ApplicationConfig
  readonly random: Random
  readonly log: Log
  readonly fleet?: ApplicationOptions['fleet']
  readonly parent?: ApplicationOptions['parent']
  readonly store?: ApplicationStore
  /** The rows of its services. */
  readonly rows?: Sql | undefined
  /** Its way to other nodes; a node alone has none. */
  readonly connect?: Connector
  listen?(links: LinkListener): void
  /** Before it begins: what own code adds, and what is broken on purpose. */
  prepare?(application: Application): void
  /** When it can be used. */
  begun(application: Application): Promise<void>
  /** It could not begin. */
  failed(error: unknown): void
  /** The machine is gone, in whichever way. */
  gone?(): void
}

const nowhere: Connector = () => {
  throw new Error('a node alone links to nobody')
}

/** What a back end shows. */
export const trusted = { 'X-API-Key': 'sim' }

export const nodeSecret = 'a-secret-of-all-nodes'

/** The configuration of a node in a simulation. */
export function configOf(input: ConfigInput, namespaces: ApplicationConfig['channel']['namespaces'], limits: Limits): ApplicationConfig {
  const config = configure({ node: { secret: nodeSecret }, http_api: { key: 'sim' }, ...input })
  return { ...config, limits, channel: { namespaces } }
}

/** A process of the product: an application whose connections, time, chance and links are simulated. */
export class SimNode implements Listener {
  readonly application: Application
  readonly wire = websocketWire(() => new SocketSet())
  /** Connections of clients, which break with the machine. */
  readonly pipes = new Set<{ reset(): void }>()
  /** Clients are let in when everything is there that answers them. */
  isListening = false

  constructor(
    readonly options: SimNodeOptions,
    machine: Machine<SimNode>,
    readonly clock: MachineClock,
  ) {
    const { config, random, log, fleet, parent, store, rows, connect = nowhere } = options
    const id = `${machine.name}-${machine.starts}`
    const opener = rows && { openFor: async () => rows, close: async () => undefined }
    const deps = {
      clock,
      random,
      log,
      connect,
      verifier,
      store,
      ...(opener && { rows: opener }),
      listen: (links: LinkListener) => options.listen?.(links),
    }
    this.application = new Application({ config, fleet, parent, id }, deps)
    options.prepare?.(this.application)
    this.#begin().catch((error: unknown) => {
      if (!clock.isDead) options.failed(error)
    })
  }

  get node(): Node {
    return this.application.node
  }

  get sse(): SseTransport {
    return this.application.sse
  }

  /** Answers a request of a back end. */
  fetch(request: Request): Promise<Response> {
    return this.application.router.handle(request, new URL(request.url).pathname, '10.0.0.3')
  }

  changeWatchlist(session: string, user: string, change: WatchlistChange): Promise<WatchReply> {
    return changeWatchlist(this.sse, session, user, change)
  }

  stop(): void {
    this.isListening = false
    void this.application.close()
  }

  gone(): void {
    this.isListening = false
    this.options.gone?.()
    for (const pipe of [...this.pipes]) pipe.reset()
  }

  async #begin(): Promise<void> {
    await this.application.start()
    await this.options.begun(this.application)
    await this.application.serve()
    this.isListening = true
  }
}
