import type { Connector, FleetPlace, LinkListener, Parent, TopologyHost } from '../../cluster/index.ts'
import { type HistoryLog, type Log, type NamespaceFields, Node, Revocations, type Verifier } from '../../hub/index.ts'
import { type Clock, type Fetch, type Random, randomId } from '../../kit/index.ts'
import { ConnectionGuard, changeWatchlist, check, Router, SseTransport, watchlistChangeSchema } from '../../transport/index.ts'
import type { Config } from '../config/index.ts'
import { Hooks } from '../hooks/index.ts'
import { originsOf } from '../http/origins-of.ts'
import { Tickets } from '../identity/tickets.ts'
import { TokenVerifier } from '../identity/tokens.ts'
import type { Metric } from '../ops/metric.ts'
import type { Page } from '../server-calls.ts'
import { RunningServices, type Service, type ServiceConfig, type ServiceRowsOpener } from '../services/index.ts'
import { version } from '../version.ts'
import type { BrokerOpeners } from './brokers.ts'
import { drain } from './drain.ts'
import { type CallParts, InProcessCalls } from './in-process-calls.ts'
import { KeptRevocations, type RevocationRows } from './kept-revocations.ts'
import { NamespaceRegistry } from './namespace-registry.ts'
import { openTopology } from './open-topology.ts'

// An Application without any I/O, as a test or a simulation makes one:
//
//   const clock = new SimClock()
//   const above = new Application({ config: configure({ node: { secret } }) }, {
//     clock, random: seededRandom(1), log: silentLog,
//     listen: links => network.listen('ws://above', links),
//     connect: network.connect,
//   })
//   const below = new Application({ config, parent: { upstreams: ['ws://above'], secret, role: 'relay', region: '' } }, { ... })
//   await above.start() // and in a fleet `above.serve()`, once services have started
//   const started = below.start() // resolves once its parent has answered, so let time pass first
//   clock.advance(100)
//
// Clients are sessions of `application.node` over any `Socket`, or event streams of `application.sse.open(request, address)`.
// Requests go to `application.router.handle(request, path, address)`. `test/kit/applications.ts` has the network above.
// `verifier` replaces tokens by something plainer: the real ones are checked by the runtime's own threads, in no fixed order.

/** The part of the configuration that an application reads. */
export type ApplicationConfig = ServiceConfig &
  Pick<Config, 'broker' | 'channel' | 'client' | 'development' | 'hooks' | 'httpApi' | 'limits' | 'node' | 'services' | 'shutdown'>

export interface ApplicationOptions {
  readonly config: ApplicationConfig
  /** The node that it hangs on; absent on the central node. */
  readonly parent?: Parent | undefined
  /** What it shares with other nodes of the same standing. */
  readonly fleet?: FleetPlace | undefined
  /** Brokers beside those that ship, by the scheme of their URL. */
  readonly brokers?: BrokerOpeners
  /** This node's id; a random one where absent. */
  readonly id?: string
  /** The name of this node for people; its id if absent. */
  readonly name?: string
}

/** Everything outside of the process that an application touches. */
export interface ApplicationDeps {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Gives the listener every connection that a node below opens. Called once, by `start`. */
  listen(links: LinkListener): void
  /** Opens a connection to a node above. */
  readonly connect: Connector
  /** The store of data that outlives the process. Its opener closes it, after the application. In memory if absent. */
  readonly store?: ApplicationStore | undefined
  /** Calls hooks, and fetches public keys. Nobody can be asked where absent. */
  readonly fetch?: Fetch
  /** Checks tokens. Where absent, they are JWT of the configured keys. */
  readonly verifier?: Verifier
  /** Takes the pages and figures of services; they are not shown where absent. */
  page?(path: string, html: Page): void
  metric?(metric: Metric): void
  /** Opens the rows of services. Those that have migrations do not start where absent. */
  readonly rows?: ServiceRowsOpener
  /** The rows of a worker for its parent's operations page. */
  stats?(): unknown
}

/** The store of an application, for data that outlives it. Only the central node uses one. */
export interface ApplicationStore {
  /** Histories of namespaces with `history_store: disk`. */
  readonly histories?: HistoryLog
  readonly revocations?: RevocationRows
}

/** The parts of an application. Beside those that calls work on, its host reads the rest. */
interface Parts extends CallParts {
  readonly config: ApplicationConfig
  readonly hooks: Hooks
}

/** One node with everything that it decides: namespaces, access, hooks, services, its place among nodes. It has no I/O of its own. */
export class Application extends InProcessCalls {
  readonly config: ApplicationConfig
  readonly hooks: Hooks
  readonly guard: ConnectionGuard
  readonly sse: SseTransport
  readonly tickets: Tickets
  /** The routes of this node; the host hands requests to it. */
  readonly router: Router
  readonly #registry: NamespaceRegistry
  readonly #services: RunningServices
  #stopping: Promise<void> | undefined
  #closing: Promise<void> | undefined

  constructor(
    options: ApplicationOptions,
    readonly deps: ApplicationDeps,
  ) {
    const parts = partsOf(options, deps)
    super(parts)
    const { config, hooks, guard, router, registry } = parts
    this.config = config
    this.hooks = hooks
    this.guard = guard
    this.router = router
    this.#registry = registry
    this.tickets = new Tickets(this.clock, this.random, this.node.id)
    this.sse = new SseTransport(this.node, guard, this.topology)
    this.topology.join(this.#topologyHost())
    this.node.toOwner = (key, method, data, context) => this.topology.callOwner(key, method, data, context)
    this.#services = new RunningServices({
      ...{ server: this, config, rows: deps.rows, topology: this.topology, sharedRates: this.node.sharedRates },
    })
  }

  /** Takes the links of other nodes, and hears its parent or the others. Resolves when services can start. */
  async start(): Promise<void> {
    this.deps.listen(this.topology.children)
    await this.topology.begin()
  }

  /** What answers clients and other nodes is there: takes its share of what nodes own. */
  serve(): Promise<void> {
    return this.topology.serve()
  }

  /** Starts those services that the configuration lets run. Those of a relay are its parent's. */
  async startServices(services: readonly Service[]): Promise<void> {
    if (this.topology.role !== 'central') return
    for (const service of services) if (this.config.services.includes(service.name)) await this.mount(service)
  }

  /** Starts a service. */
  mount(service: Service): Promise<void> {
    return this.#services.start(service)
  }

  /** What pages lead to. */
  get navigation() {
    return this.#services.navigation
  }

  /** Takes the parent's namespaces. Who follows a channel whose rules have changed begins again under the new ones. */
  adopt(namespaces: readonly NamespaceFields[]): void {
    const changed = this.#registry.adoptFromParent(namespaces)
    if (changed.size === 0) return
    this.topology.renew(changed)
    this.node.renew(changed)
  }

  stats(): unknown {
    return this.deps.stats?.() ?? null
  }

  /** Takes no new clients, and sends those that are here away over the drain window; what it owns goes to other nodes at once. Resolves when all have gone. */
  async drain(): Promise<void> {
    await Promise.all([drain(this.node, this.guard, this.config.shutdown.timeoutMs), this.topology.drain()])
  }

  /** Takes no new clients, gives what it owns to others, and ends the services, the last that was started first. Idempotent. */
  stopServices(): Promise<void> {
    this.guard.drain()
    this.#stopping ??= this.topology.drain().then(() => this.#services.close())
    return this.#stopping
  }

  /** Ends at once. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  #topologyHost(): TopologyHost {
    const { node, guard, sse, tickets } = this
    return {
      node,
      get isDraining() {
        return guard.isDraining
      },
      adopt: namespaces => this.adopt(namespaces),
      redeem: ticket => tickets.redeem(ticket),
      changeWatch: async ({ session, user, change }) => ({
        ...(await changeWatchlist(sse, session, user, check(watchlistChangeSchema, change))),
      }),
      takeWatch(session, user) {
        const watch = sse.giveWatch(session, user)
        return watch === undefined ? null : { channels: watch.channels, rev: watch.rev }
      },
      stats: () => this.stats(),
    }
  }

  async #close(): Promise<void> {
    await this.stopServices()
    await this.node.close()
    await this.hooks.close()
    await this.topology.close()
    this.sse.close()
    this.tickets.close()
  }
}

/** The topology first, since the node takes its broker and presence from it. */
function partsOf({ config, parent, fleet, brokers = {}, id: given, name }: ApplicationOptions, deps: ApplicationDeps): Parts {
  const { clock, random, log, store = {}, fetch = noFetch, connect } = deps
  const registry = new NamespaceRegistry(config.channel.namespaces, parent === undefined)
  const { namespaces } = registry
  const revocations = new Revocations(clock)
  const id = given ?? randomId(random, 6)
  const history = store.histories
  const topology = openTopology({ config, id, clock, random, log, namespaces, history, parent, fleet, brokers, connect })
  const hooks = new Hooks(config.hooks, { clock, random, log, json: config.limits.json, fetch })
  const node = new Node({
    ...{ id, name: name ?? id, version, clock, random, log, namespaces, revocations },
    limits: config.limits,
    verifier: deps.verifier ?? new TokenVerifier(config.client, clock, revocations, fetch),
    hooks: hooks.asking,
    insecure: config.client.insecure,
    explained: config.development,
    anonymousAllowed: config.client.insecure || config.client.allowAnonymousConnectWithoutToken,
    personalChannel: config.client.personalChannel,
    connectBroker: sink => topology.broker(sink),
    openPresence: broker => topology.presence(broker),
  })
  // Events of the nodes below come up to the central one, which tells them once.
  if (parent === undefined && hooks.tells) node.on(event => hooks.tell(event))
  const guard = new ConnectionGuard(node, originsOf(config))
  const keptRevocations = store.revocations && new KeptRevocations(revocations, store.revocations, clock)
  return {
    ...{ clock, random, log, config, hooks, node, topology, guard, registry, keptRevocations },
    router: new Router(),
    page: (path, html) => deps.page?.(path, html),
    metric: metric => deps.metric?.(metric),
  }
}

const noFetch: Fetch = () => Promise.reject(new Error('this application has no way to ask anybody'))
