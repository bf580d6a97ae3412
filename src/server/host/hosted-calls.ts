import type { z } from 'zod'
import type { Topology } from '../../cluster/index.ts'
import type {
  Authorizer,
  ConnectHandler,
  FeedTarget,
  Following,
  HistoryPage,
  HistoryProvider,
  HistoryQuery,
  LifecycleEvent,
  Log,
  Namespace,
  NamespaceInput,
  Node,
  OwnCodeOptions,
  PresenceStats,
  PublishOptions,
  PushedPublication,
  Revocation,
  RunningContext,
  SubscribeControl,
} from '../../hub/index.ts'
import type { Answer, Clock, Json, Jsonable, Random } from '../../kit/index.ts'
import type { ClientInfo, Close, Position } from '../../protocol/index.ts'
import type { RouteHandler } from '../../transport/index.ts'
import type { Application } from '../application/application.ts'
import type { Hooks } from '../hooks/index.ts'
import type { Metric } from '../ops/metric.ts'
import type { CommandOptions, Page, ServerCalls, ServerEvent } from '../server-calls.ts'

/** Hands every call on to the application that a host holds. */
export abstract class HostedCalls implements ServerCalls {
  constructor(readonly application: Application) {}

  get clock(): Clock {
    return this.application.clock
  }

  get random(): Random {
    return this.application.random
  }

  get log(): Log {
    return this.application.log
  }

  get node(): Node {
    return this.application.node
  }

  get topology(): Topology {
    return this.application.topology
  }

  get hooks(): Hooks {
    return this.application.hooks
  }

  namespace(input: NamespaceInput | Namespace): void {
    this.application.namespace(input)
  }

  command<S extends z.ZodType, R>(
    name: string,
    schema: S,
    run: (input: z.output<S>, context: RunningContext) => Answer<R>,
    options?: CommandOptions<z.output<S>>,
  ): void {
    this.application.command(name, schema, run, options)
  }

  authorize(namespace: string, authorizer: Authorizer, options?: OwnCodeOptions): void {
    this.application.authorize(namespace, authorizer, options)
  }

  onConnect(handler: ConnectHandler): void {
    this.application.onConnect(handler)
  }

  publish<T>(channel: string, data: T & Jsonable<T>, options?: PublishOptions): Promise<Position>
  publish(channel: string, data: Json, options?: PublishOptions): Promise<Position>
  publish<T>(channel: string, data: T & Jsonable<T>, options?: PublishOptions): Promise<Position> {
    return this.application.publish<T>(channel, data, options)
  }

  push(client: string, channel: string, publications: readonly PushedPublication[]): Promise<boolean> {
    return this.application.push(client, channel, publications)
  }

  subscribe(user: string, channel: string, options?: SubscribeControl): Promise<void> {
    return this.application.subscribe(user, channel, options)
  }

  unsubscribe(user: string, channel: string): Promise<void> {
    return this.application.unsubscribe(user, channel)
  }

  disconnect(user: string, client?: string, close?: Close): Promise<void> {
    return this.application.disconnect(user, client, close)
  }

  presence(channel: string): Promise<Readonly<Record<string, ClientInfo>>> {
    return this.application.presence(channel)
  }

  presenceStats(channel: string): Promise<PresenceStats> {
    return this.application.presenceStats(channel)
  }

  revoke(revocation: Revocation): Promise<void> {
    return this.application.revoke(revocation)
  }

  history(channel: string, query: HistoryQuery): Promise<HistoryPage> {
    return this.application.history(channel, query)
  }

  provideHistory(namespace: string, provider: HistoryProvider): void {
    this.application.provideHistory(namespace, provider)
  }

  follow(channel: string, target: FeedTarget): Following {
    return this.application.follow(channel, target)
  }

  on<K extends ServerEvent>(event: K, listener: (event: Extract<LifecycleEvent, { kind: K }>) => void | Promise<void>): void {
    this.application.on(event, listener)
  }

  route(method: string, path: string, handler: RouteHandler): void {
    this.application.route(method, path, handler)
  }

  caller(request: Request, address: string): Promise<{ user: string; headers: Record<string, string> }> {
    return this.application.caller(request, address)
  }

  readTrusted(request: Request): Promise<Json> {
    return this.application.readTrusted(request)
  }

  metric(metric: Metric): void {
    this.application.metric(metric)
  }

  page(path: string, html: Page): void {
    this.application.page(path, html)
  }
}
