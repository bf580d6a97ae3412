import { connectByWebSocket, reachNode } from '../../cluster/index.ts'
import { Answers, type HttpTransport } from '../../transport/index.ts'
import type { Application } from '../application/application.ts'
import { issueToken, type TokenOptions } from '../application/in-process.ts'
import { InProcessCalls } from '../application/in-process-calls.ts'
import type { Config } from '../config/index.ts'
import type { Hooks } from '../hooks/index.ts'
import { addRoutes } from '../http/routes.ts'
import { Metrics } from '../ops/metrics.ts'
import { Ops } from '../ops/ops.ts'
import type { Server } from '../server.ts'
import type { Service } from '../services/index.ts'
import type { OpenFleet } from './fleets.ts'
import { createHttp, fileOf } from './http.ts'
import { StartError } from './start-error.ts'
import type { OpenStore } from './store.ts'
import { Workers } from './workers.ts'

/** What was opened for a server, and closes with it. */
export interface OpenParts {
  readonly store: OpenStore | undefined
  readonly fleet: OpenFleet | undefined
}

/** One process: an application on a port, with its pages, figures, workers and what it keeps on the disk. */
export class FanfareServer extends InProcessCalls implements Server {
  readonly http: HttpTransport
  readonly ops: Ops
  readonly metrics: Metrics
  readonly workers: Workers
  #listening: Promise<void> | undefined
  #closing: Promise<void> | undefined

  constructor(
    readonly config: Config,
    readonly application: Application,
    readonly opened: OpenParts,
  ) {
    super(application.parts)
    const { clock, random, log, node, topology, hooks, guard, sse, tickets } = application
    const disk = opened.store?.health
    const answers = new Answers(node.unsent)
    this.http = createHttp({ config, application, answers })
    this.workers = new Workers({ config, clock, random, log, http: this.http, topology })
    this.ops = new Ops({ clock, node, config, topology })
    this.metrics = new Metrics({ clock, node, topology, hooks, disk })
    for (const metric of opened.fleet?.metrics ?? []) this.metrics.add(metric)
    addRoutes({
      ...{ clock, random, config, node, topology, guard, sse, tickets, disk, answers, ops: this.ops, metrics: this.metrics },
      route: (method, path, handler) => application.route(method, path, handler),
      page: (path, html) => this.http.page(path, fileOf(html)),
      revoke: revocation => application.revoke(revocation),
    })
  }

  get hooks(): Hooks {
    return this.application.hooks
  }

  get url(): string {
    const { host: given } = this.config
    const host = given.includes(':') && !given.startsWith('[') ? `[${given}]` : given
    return `http://${host}:${this.http.port}`
  }

  /** Everything but clients: they are let in last, when everything that answers them is there. */
  async start(services: readonly Service[]): Promise<void> {
    await this.application.start()
    await this.application.startServices(services)
  }

  listen(): Promise<void> {
    this.#listening ??= this.#listen()
    return this.#listening
  }

  /** Nodes of a fleet reach each other before clients reach them. */
  async #listen(): Promise<void> {
    const { fleet } = this.opened
    this.workers.checkPort()
    this.http.listen(fleet === undefined)
    if (fleet !== undefined) await this.#checkAddress()
    await this.application.serve()
    this.http.open()
    await this.workers.start()
  }

  /** The others link to the address that this node says: a balancer would lead them to any node, and a wrong one nowhere. @throws StartError */
  async #checkAddress(): Promise<void> {
    const { clock, node, config } = this
    const { address = '', secret = '' } = config.node
    const found = await reachNode(address, { clock, secret, id: node.id, connect: connectByWebSocket }).catch((error: Error) => {
      throw new StartError('node.address', `${address} cannot be reached from here: ${error.message}`, { cause: error })
    })
    if (found === node.id) return
    throw new StartError('node.address', `${address} leads to another node; give the address of this one, without a balancer in front`)
  }

  mount(service: Service): Promise<void> {
    return this.application.mount(service)
  }

  token(user: string, options: TokenOptions = {}): Promise<string> {
    return issueToken(this.config, this.clock.now(), user, options)
  }

  async drain(): Promise<void> {
    await Promise.all([this.application.drain(), this.workers.drain()])
    await this.close()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.application.stopServices()
    await this.workers.close()
    this.ops.close()
    await this.application.close()
    await this.http.stop(true)
    await this.opened.fleet?.close()
    this.opened.store?.close()
  }
}
