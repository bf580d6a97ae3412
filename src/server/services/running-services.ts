import type { KeyedRateLimiter } from '../../kit/index.ts'
import type { Sql } from '../../store/index.ts'
import { defaultsOf } from '../config/index.ts'
import type { ServerCalls } from '../server-calls.ts'
import type { OwnedTopology } from './owned-by-key.ts'
import { RunningService, type ServiceConfig } from './running-service.ts'
import type { Service } from './service.ts'

/** One place of the navigation. */
export interface NavigationEntry {
  readonly name: string
  readonly path: string
  readonly title: string
  readonly about: string
}

/** Opens the rows of all services: one store, for the first service that has migrations. */
export interface ServiceRowsOpener {
  /** The store with the service's tables in it. @throws SqlError */
  openFor(service: Service): Promise<Sql>
  close(): Promise<void>
}

export interface ServicesContext {
  readonly server: ServerCalls
  readonly config: ServiceConfig
  readonly rows: ServiceRowsOpener | undefined
  readonly topology: OwnedTopology
  readonly sharedRates: Map<string, KeyedRateLimiter>
}

/** The services on a server, from their start to their end. */
export class RunningServices {
  readonly #running: RunningService[] = []

  constructor(readonly context: ServicesContext) {}

  /** Those that the navigation leads to, in the order in which they were started. */
  get navigation(): readonly NavigationEntry[] {
    return this.#running.flatMap(({ service: { name, pages = {}, nav, about = '' } }) => {
      const [path] = Object.keys(pages)
      return nav === undefined || path === undefined ? [] : [{ name, path, title: nav, about }]
    })
  }

  /** Starts one; what it began has ended where this throws. */
  async start(service: Service): Promise<void> {
    const { config, rows } = this.context
    const options = config.serviceOptions[service.name] ?? defaultsOf(service)
    const sql = service.migrations === undefined ? undefined : await rows?.openFor(service)
    const running = new RunningService(service, { ...this.context, sql })
    this.#running.push(running)
    await running.start(options)
  }

  /** The last that was started ends first. */
  async close(): Promise<void> {
    for (const running of this.#running.toReversed()) await running.close()
    await this.context.rows?.close()
  }
}
