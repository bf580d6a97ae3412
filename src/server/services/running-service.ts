import { every, type KeyedRate, type KeyedRateLimiter } from '../../kit/index.ts'
import type { Sql } from '../../store/index.ts'
import type { Config } from '../config/index.ts'
import type { ServerCalls } from '../server-calls.ts'
import type { Owned, OwnedOptions } from './owned.ts'
import { OwnedByKey, type OwnedTopology } from './owned-by-key.ts'
import type { Service, ServiceHost } from './service.ts'
import { SpendingLimit } from './spending-limit.ts'

/** The part of a configuration that services read. */
export type ServiceConfig = Pick<Config, 'data' | 'demo' | 'feeds' | 'serviceOptions' | 'store'>

export interface RunningServiceContext {
  readonly server: ServerCalls
  readonly config: ServiceConfig
  readonly sql: Sql | undefined
  readonly topology: OwnedTopology
  /** Rates that nodes of the same standing share, by name. */
  readonly sharedRates: Map<string, KeyedRateLimiter>
}

const sweepMs = 60_000

/** A service that was started, with everything that ends with it. */
export class RunningService {
  readonly #ends: (() => void | Promise<void>)[] = []
  /** Begun once the service has started. */
  readonly #owned: { begin(): Promise<void> }[] = []
  #hasStarted = false
  /** Rates that it asked for so far. */
  #rates = 0

  constructor(
    readonly service: Service,
    readonly context: RunningServiceContext,
  ) {}

  /** Whatever it began ends where it fails. */
  async start(options: Readonly<Record<string, unknown>>): Promise<void> {
    const { service, context } = this
    for (const namespace of service.namespaces ?? []) context.server.namespace(namespace)
    await service.start(this.#host(), options)
    for (const [path, page] of Object.entries(service.pages ?? {})) context.server.page(path, page)
    this.#hasStarted = true
    for (const owned of this.#owned) await owned.begin()
  }

  async close(): Promise<void> {
    for (let end = this.#ends.pop(); end !== undefined; end = this.#ends.pop()) await end()
  }

  #host(): ServiceHost {
    const { server, config, topology } = this.context
    const { clock, random, log } = server
    return {
      ...callsOf(server),
      clock,
      random,
      log,
      store: this.#store(),
      demo: config.demo.enabled ? { speed: config.demo.speed } : undefined,
      feeds: config.feeds,
      rate: rate => this.#rate(rate),
      owner: key => topology.ownerOf(key),
      owned: (kind, options) => this.#own(kind, options),
      onClose: end => {
        this.#ends.push(end)
      },
    }
  }

  #store(): ServiceHost['store'] {
    const { config, topology } = this.context
    const rows = () => this.#sql()
    return {
      folder: config.data,
      path: config.store.path,
      isShared: topology.isShared,
      get sql() {
        return rows()
      },
    }
  }

  #sql(): Sql {
    const { sql } = this.context
    if (sql !== undefined) return sql
    throw new Error(`the service ${this.service.name} has no migrations, or its server no store, so there are no rows for it`)
  }

  #own<T>(kind: string, options: OwnedOptions<T>): Owned<T> {
    const { server, topology } = this.context
    const { clock, log } = server
    const owned = new OwnedByKey(kind, options, { clock, log, topology, sql: () => this.#sql() })
    if (this.#hasStarted) void owned.begin()
    else this.#owned.push(owned)
    this.#ends.push(() => owned.close())
    return owned
  }

  #rate(rate: KeyedRate): SpendingLimit {
    const { server, sharedRates } = this.context
    const rates = new SpendingLimit(server.clock, rate)
    // In the order in which the service asks for them, which is the same on every node.
    const name = `${this.service.name} ${this.#rates++}`
    const sweeping = every(server.clock, sweepMs, () => rates.sweep())
    sharedRates.set(name, rates.limiter)
    this.#ends.push(() => {
      sweeping.cancel()
      sharedRates.delete(name)
    })
    return rates
  }
}

/** The calls of own code, for a service to destructure as it likes. */
function callsOf(server: ServerCalls) {
  return {
    namespace: server.namespace.bind(server),
    command: server.command.bind(server),
    authorize: server.authorize.bind(server),
    onConnect: server.onConnect.bind(server),
    publish: server.publish.bind(server),
    push: server.push.bind(server),
    subscribe: server.subscribe.bind(server),
    unsubscribe: server.unsubscribe.bind(server),
    disconnect: server.disconnect.bind(server),
    presence: server.presence.bind(server),
    presenceStats: server.presenceStats.bind(server),
    history: server.history.bind(server),
    provideHistory: server.provideHistory.bind(server),
    follow: server.follow.bind(server),
    on: server.on.bind(server),
    route: server.route.bind(server),
    caller: server.caller.bind(server),
    readTrusted: server.readTrusted.bind(server),
    metric: server.metric.bind(server),
    page: server.page.bind(server),
  }
}
