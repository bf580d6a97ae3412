import type { z } from 'zod'
import type { Topology } from '../../cluster/index.ts'
import {
  type Authorizer,
  type ConnectHandler,
  type FeedTarget,
  type Following,
  type HistoryPage,
  type HistoryProvider,
  type HistoryQuery,
  inTime,
  type LifecycleEvent,
  type Log,
  type Namespace,
  type NamespaceInput,
  type Node,
  namespaceFrom,
  type OwnCodeOptions,
  type PresenceStats,
  type PublishOptions,
  type PushedPublication,
  type Revocation,
  type RunningContext,
  type SubscribeControl,
} from '../../hub/index.ts'
import { type Answer, type Clock, type Json, type Jsonable, json, type Random } from '../../kit/index.ts'
import type { ClientInfo, Close, Position } from '../../protocol/index.ts'
import type { ConnectionGuard, RouteHandler, Router } from '../../transport/index.ts'
import type { Config } from '../config/index.ts'
import { countedCallerOf, readTrusted } from '../identity/caller.ts'
import type { Metric } from '../ops/metric.ts'
import { type CommandOptions, isEvent, type Page, type ServerCalls, type ServerEvent } from '../server-calls.ts'
import { commandMethod } from './command-method.ts'
import { disconnect, presenceOf, presenceStatsOf, subscribe, tellAll } from './in-process.ts'
import type { KeptRevocations } from './kept-revocations.ts'
import type { NamespaceRegistry } from './namespace-registry.ts'

/** The parts of a node that calls work on. */
export interface CallParts {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly config: Pick<Config, 'httpApi'>
  readonly node: Node
  readonly topology: Topology
  readonly guard: ConnectionGuard
  readonly router: Router
  readonly registry: NamespaceRegistry
  readonly keptRevocations: KeptRevocations | undefined
  /** Takes the pages and figures of services; they are not shown where absent. */
  page?(path: string, html: Page): void
  metric?(metric: Metric): void
}

/** What services and programs in the server's process may call: an application takes these calls, and so does its host. */
export abstract class InProcessCalls implements ServerCalls {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly node: Node
  readonly topology: Topology

  constructor(readonly parts: CallParts) {
    this.clock = parts.clock
    this.random = parts.random
    this.log = parts.log
    this.node = parts.node
    this.topology = parts.topology
  }

  namespace(input: NamespaceInput | Namespace): void {
    this.parts.registry.addFromService(namespaceFrom(input))
    this.topology.changed()
  }

  command<S extends z.ZodType, R>(
    name: string,
    schema: S,
    run: (input: z.output<S>, context: RunningContext) => Answer<R>,
    options: CommandOptions<z.output<S>> = {},
  ): void {
    this.node.methods.set(name, commandMethod(name, schema, run, options))
  }

  authorize(namespace: string, authorizer: Authorizer, options: OwnCodeOptions = {}): void {
    this.node.access.authorize(namespace, authorizer, options)
    this.topology.changed()
  }

  onConnect(handler: ConnectHandler): void {
    this.node.connectHandlers.add(inTime(this.clock, handler))
    this.topology.changed()
  }

  publish<T>(channel: string, data: T & Jsonable<T>, options?: PublishOptions): Promise<Position>
  publish(channel: string, data: Json, options?: PublishOptions): Promise<Position>
  publish<T>(channel: string, data: T & Jsonable<T>, options: PublishOptions = {}): Promise<Position> {
    return this.node.publish(channel, json<T>(data), options)
  }

  push(client: string, channel: string, publications: readonly PushedPublication[]): Promise<boolean> {
    return this.topology.push({ client, channel, publications })
  }

  subscribe(user: string, channel: string, options: SubscribeControl = {}): Promise<void> {
    return subscribe(this.node, user, channel, options)
  }

  unsubscribe(user: string, channel: string): Promise<void> {
    return tellAll(this.node, { kind: 'unsubscribe', user, channel })
  }

  disconnect(user: string, client?: string, close?: Close): Promise<void> {
    return disconnect(this.node, user, client, close)
  }

  presence(channel: string): Promise<Readonly<Record<string, ClientInfo>>> {
    return presenceOf(this.node, channel)
  }

  presenceStats(channel: string): Promise<PresenceStats> {
    return presenceStatsOf(this.node, channel)
  }

  /** Makes tokens void: kept first, so that it holds whatever happens then. On the central node alone. @throws CommandError 106 */
  async revoke(revocation: Revocation): Promise<void> {
    await this.parts.keptRevocations?.keep(revocation)
    await this.node.broker.control({ kind: 'revoke', revocation })
  }

  history(channel: string, query: HistoryQuery): Promise<HistoryPage> {
    return this.node.history(channel, query)
  }

  provideHistory(namespace: string, provider: HistoryProvider): void {
    this.topology.provideHistory(namespace, provider)
  }

  follow(channel: string, target: FeedTarget): Following {
    return this.node.hub.follow(channel, target)
  }

  on<K extends ServerEvent>(event: K, listener: (event: Extract<LifecycleEvent, { kind: K }>) => void | Promise<void>): void {
    this.node.on(happened => (isEvent(happened, event) ? listener(happened) : undefined), event)
    this.topology.changed()
  }

  route(method: string, path: string, handler: RouteHandler): void {
    this.parts.router.add(method, path, handler)
  }

  async caller(request: Request, address: string): Promise<{ user: string; headers: Record<string, string> }> {
    const { guard } = this.parts
    guard.checkOrigin(request)
    return { user: await countedCallerOf(this, request, address), headers: guard.origins.headersFor(request) }
  }

  readTrusted(request: Request): Promise<Json> {
    return readTrusted(this.parts, request)
  }

  metric(metric: Metric): void {
    this.parts.metric?.(metric)
  }

  page(path: string, html: Page): void {
    this.parts.page?.(path, html)
  }
}
