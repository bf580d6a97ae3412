import type { z } from 'zod'
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
  OwnCodeOptions,
  PresenceStats,
  PublishOptions,
  PushedPublication,
  RunningContext,
  SubscribeControl,
} from '../hub/index.ts'
import type { Answer, Clock, Json, Jsonable, Random } from '../kit/index.ts'
import type { ClientInfo, Close, Position } from '../protocol/index.ts'
import type { RouteHandler } from '../transport/index.ts'
import type { Metric } from './ops/metric.ts'

/** Events that services and applications may listen to. */
export type ServerEvent = LifecycleEvent['kind']

export function isEvent<K extends ServerEvent>(event: LifecycleEvent, kind: K): event is Extract<LifecycleEvent, { kind: K }> {
  return event.kind === kind
}

/** The options of a command: whether strangers may call it, its weight, and where it runs. */
export interface CommandOptions<I = never> extends OwnCodeOptions {
  /**
   * How much it costs, as so many commands that do next to nothing (some 50 µs), 1 to 1000; 1 unless said otherwise. It is charged to the rate of
   * whoever calls. From 16 on a user has one such command under way and no other beside it; one that reads many rows calls `context.pause()`
   * after each millisecond or so of work.
   */
  readonly weight?: number
  /**
   * What the input is about, such as `room:7`. The command then runs at the node that owns this key, whichever node the client is on, with
   * `context.owned`; without it, on the client's own node, or the central one above. Where there is one node, that owns every key.
   */
  key?(input: I): string
}

/** The HTML file of a page: `new URL('./poll.html', import.meta.url)`, or what Bun gives for `import page from './poll.html'`. */
export type Page = URL | { readonly index: string }

/** The calls that services and programs in the server's process make. */
export interface ServerCalls {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log

  /** Adds a namespace; one of the same name in the configuration wins. @throws NamespaceError with all that configuration would refuse */
  namespace(namespace: NamespaceInput | Namespace): void
  /** Adds a method that clients call as `rpc` and as `POST /rpc/<name>`. Input meets the schema before `run` sees it; callers without a user are refused (101) unless `anonymous` lets them in. */
  command<S extends z.ZodType, R>(
    name: string,
    schema: S,
    run: (input: z.output<S>, context: RunningContext) => Answer<R>,
    options?: CommandOptions<z.output<S>>,
  ): void
  /** Decides every subscribe, publish, presence and history call of users in a namespace; of strangers too with `anonymous`, who are refused otherwise. */
  authorize(namespace: string, authorizer: Authorizer, options?: OwnCodeOptions): void
  /** Gives subscriptions and words of its own to every WebSocket that connects, on whichever node, in the connect reply. */
  onConnect(handler: ConnectHandler): void
  /** Appends to the channel's history and delivers to every subscriber on every node. */
  publish<T>(channel: string, data: T & Jsonable<T>, options?: PublishOptions): Promise<Position>
  /**
   * Sends publications to one client alone, in order, on whichever node it is, if it is subscribed to the channel: older ones, perhaps, beside
   * the live ones. They move neither its place in the channel nor a cursor. Resolves with whether it was there; what is lost with a connection
   * that breaks at this moment is not sent again.
   */
  push(client: string, channel: string, publications: readonly PushedPublication[]): Promise<boolean>
  /** Ends a user's subscriptions to a channel, on whichever nodes, and tells the clients. Resolves when all nodes have been told. */
  unsubscribe(user: string, channel: string): Promise<void>
  /**
   * Subscribes all of a user's sessions to a channel, on every node; with `recoverSince` each receives what it missed. Resolves when all
   * nodes have been told. @throws CommandError 102
   */
  subscribe(user: string, channel: string, options?: SubscribeControl): Promise<void>
  /** Closes all connections of a user, or one of them, on every node; with 3503 unless another close is given. */
  disconnect(user: string, client?: string, close?: Close): Promise<void>
  /** The clients in a channel, on all nodes. @throws CommandError 102, 108 where the namespace keeps no presence */
  presence(channel: string): Promise<Readonly<Record<string, ClientInfo>>>
  presenceStats(channel: string): Promise<PresenceStats>
  history(channel: string, query: HistoryQuery): Promise<HistoryPage>
  /**
   * Has the histories of a namespace kept by your own code: publications get their places there (`publish` with `at`), and recovery, gaps and
   * history calls ask it. The namespace's delivery is `stream`, and it needs `historySize` and `historyTtlMs` like every one that clients recover in.
   */
  provideHistory(namespace: string, provider: HistoryProvider): void
  /** Hears a channel as a subscriber does: what is kept of it first, then all that comes, in order and once, until it is ended. */
  follow(channel: string, target: FeedTarget): Following
  /** Hears at the end of the turn in which it happened, in order. A listener that fails is logged and harms nobody. */
  on<K extends ServerEvent>(event: K, listener: (event: Extract<LifecycleEvent, { kind: K }>) => void | Promise<void>): void

  /** Adds an HTTP route such as `/orders/:id`. */
  route(method: string, path: string, handler: RouteHandler): void
  /**
   * Who calls a route over HTTP, by bearer token; `''` for a stranger. Counted as a command is; `headers` let a page of an allowed origin read the
   * answer. @throws CommandError 101, 103, 109, 111, which a route may pass on
   */
  caller(request: Request, address: string): Promise<{ readonly user: string; readonly headers: Readonly<Record<string, string>> }>
  /** The JSON body of a back end that holds the API key, for routes that only those may call. @throws CommandError, which a route may pass on */
  readTrusted(request: Request): Promise<Json>
  /** Adds a figure of your own to `/metrics`. @throws where there is one of its name */
  metric(metric: Metric): void
  /** Adds a page from an imported HTML file. */
  page(path: string, html: Page): void
}
