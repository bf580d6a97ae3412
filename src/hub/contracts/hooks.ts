import type { Json } from '../../kit/index.ts'
import type { Close, ProtocolError } from '../../protocol/index.ts'
import type { Identity } from '../access/identity.ts'
import type { Principal } from '../access/principal.ts'

/** The client that an event or a question is about. */
export interface HookClient {
  readonly client: string
  readonly user: string
  readonly transport: string
  /** The form of the client protocol that it speaks; JSON where absent. */
  readonly protocol?: 'protobuf'
  readonly meta?: Json | undefined
}

/** The client that a back end is asked about, and the principal that is charged. */
export interface AskingClient extends HookClient {
  readonly principal: Principal
}

/** A back end's answer: what it grants, an error for the command, or the end of the connection. */
export type HookAnswer<T> =
  | { readonly kind: 'granted'; readonly result: T }
  | { readonly kind: 'refused'; readonly error: ProtocolError }
  | { readonly kind: 'disconnect'; readonly close: Close }

export interface SubscribeHookResult {
  readonly info?: Json | undefined
  readonly data?: Json | undefined
  /** Unix seconds. */
  readonly expireAt?: number | undefined
}

export interface PublishHookResult {
  /** Replaces what the client sent. */
  readonly data?: Json | undefined
  readonly skipHistory?: boolean | undefined
}

/** A back end of the user's that is asked and waited for. Absent questions are not asked. */
export interface AskingHooks {
  readonly connect?: (
    client: AskingClient,
    request: { readonly data?: Json; readonly headers?: Readonly<Record<string, string>> },
  ) => Promise<HookAnswer<Identity & { readonly data?: Json | undefined }>>
  readonly refresh?: (client: AskingClient) => Promise<HookAnswer<{ readonly expired: boolean; readonly expireAt?: number | undefined }>>
  readonly subscribe?: (client: AskingClient, channel: string, data: Json | undefined) => Promise<HookAnswer<SubscribeHookResult>>
  readonly publish?: (client: AskingClient, channel: string, data: Json) => Promise<HookAnswer<PublishHookResult>>
  readonly rpc?: (client: AskingClient, method: string, data: Json | undefined) => Promise<HookAnswer<{ readonly data?: Json | undefined }>>
}

/** A lifecycle event, for listeners in services and for hooks. */
export type LifecycleEvent =
  | { readonly kind: 'connect'; readonly client: HookClient }
  | { readonly kind: 'disconnect'; readonly client: HookClient; readonly code: number; readonly reason: string }
  | { readonly kind: 'subscribe'; readonly client: HookClient; readonly channel: string }
  | { readonly kind: 'unsubscribe'; readonly client: HookClient; readonly channel: string; readonly code: number; readonly reason: string }
  | { readonly kind: 'channel_occupied'; readonly channel: string }
  | { readonly kind: 'channel_vacated'; readonly channel: string }

export type LifecycleListener = (event: LifecycleEvent) => void | Promise<void>
