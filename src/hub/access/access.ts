import type { Json } from '../../kit/index.ts'
import { CloseError, CommandError, errors, isChannelName, isPrivate, type Position, usersOf } from '../../protocol/index.ts'
import type { AskingClient, AskingHooks, HookAnswer, PublishHookResult } from '../contracts/hooks.ts'
import type { Namespace, Namespaces } from '../delivery/namespace.ts'
import { type Capability, type Permission, permits } from './identity.ts'
import type { Refusals } from './refusals.ts'
import type { TokenMark } from './revocations.ts'
import type { TokenCheck } from './token-check.ts'

export type Action = 'subscribe' | 'publish' | 'presence' | 'history'

export interface AccessRequest {
  readonly channel: string
  readonly user: string
  readonly action: Action
  /** The client's own words with a subscribe, or the data of a publish. */
  readonly data?: Json | undefined
  /** How far behind a subscriber wants to be: what it is granted must not tell of anything later. Absent for none. */
  readonly delayMs?: number | undefined
}

/** What an authorizer adds to a permission. */
export interface Grant {
  /** Sent to the subscriber with the reply. A function is asked in the turn in which the subscription goes live: nothing comes between. */
  readonly data?: Json | (() => Json) | undefined
  /** The channel's position when `data` was made, if not at this moment: later publications are added to the reply. */
  readonly at?: Position | undefined
  /** Shown to others in presence, joins and publications. */
  readonly info?: Json | undefined
  /** Unix seconds. */
  readonly expireAt?: number | undefined
  /** Of the subscription token that it came by. */
  readonly token?: TokenMark | undefined
  /** The answer would be the same for every user, so that a relay need not ask for each of them. */
  readonly forEveryone?: boolean | undefined
}

/** A service's say over its namespace. It is final: with an authorizer, the namespace's `allow_…` options are not asked. */
export type Authorizer = (request: AccessRequest) => boolean | Grant | Promise<boolean | Grant>

/** Options of a service's own code. */
export interface OwnCodeOptions {
  /** Callers without a user are asked about too. Otherwise they are refused before the code runs: forgetting a check must not open anything. */
  readonly anonymous?: boolean
}

export interface AccessOptions {
  readonly namespaces: Namespaces
  readonly tokens: TokenCheck
  readonly hooks: AskingHooks
  readonly channelLengthMax: number
  /** Waives the permissions of channels that belong to no service, as in Centrifugo. */
  readonly insecure: boolean
  readonly refusals: Refusals
}

/** A request for permission in a channel. */
export interface ChannelCaller {
  /** '' for a stranger. */
  readonly user: string
  readonly caps: readonly Capability[] | undefined
  /** The client id, which a subscription token may name. */
  readonly id: string
  readonly address: string
  /** Whether anything vouches for a stranger; if not, no back end is asked on its behalf. */
  readonly isVouchedFor: boolean
  /** As it asks a back end. */
  readonly asking: AskingClient
  isSubscribed(channel: string): boolean
}

const nothing: Grant = {}
const letters = { publish: 'pub', presence: 'prs', history: 'hst' } as const

/** Decides who may do what in which channel. Every refusal is a `CommandError`. */
export class Access {
  readonly #authorizers = new Map<string, { readonly decide: Authorizer; readonly anonymous: boolean }>()

  constructor(readonly options: AccessOptions) {}

  authorize(namespace: string, decide: Authorizer, { anonymous = false }: OwnCodeOptions = {}): void {
    this.#authorizers.set(namespace, { decide, anonymous })
  }

  /** Namespaces whose access a service decides. */
  get authorized(): string[] {
    return [...this.#authorizers.keys()]
  }

  /** The decision of the namespace's authorizer; undefined if it has none. @throws CommandError 103 if it refuses */
  ask(request: AccessRequest): Promise<Grant | undefined> {
    return this.#byAuthorizer(this.namespaceOf(request.channel), request)
  }

  /** The channel's policy. @throws CommandError 107 for what cannot be a name, 102 where no namespace is configured. */
  namespaceOf(channel: string): Namespace {
    if (!isChannelName(channel) || channel.length > this.options.channelLengthMax)
      throw new CommandError(errors.badRequest, 'channel: not a channel name')
    const namespace = this.options.namespaces.resolve(channel)
    if (namespace === undefined) throw new CommandError(errors.unknownChannel)
    return namespace
  }

  async subscribe(caller: ChannelCaller, channel: string, token: string | undefined, data: Json | undefined, delayMs = 0): Promise<Grant> {
    const namespace = this.namespaceOf(channel)
    if (token !== undefined && token !== '') return this.#bySubscriptionToken(caller, channel, token)
    if (isPrivate(channel)) throw this.#denied(caller.user, 'subscribe', channel, 'a channel that begins with $ needs a subscription token')
    const users = usersIn(channel, namespace)
    if (users !== undefined && !isAmong(users, caller)) throw this.#notNamed(caller.user, 'subscribe', channel)
    if (users !== undefined && !this.#authorizers.has(namespace.name)) return nothing
    const request: AccessRequest = { channel, user: caller.user, action: 'subscribe', data, ...(delayMs === 0 ? {} : { delayMs }) }
    const granted = await this.#byAuthorizer(namespace, request)
    if (granted !== undefined) return granted
    const hook = this.options.hooks.subscribe
    if (namespace.subscribeHook && hook !== undefined) {
      if (!caller.isVouchedFor && !namespace.allowSubscribeForAnonymous) throw this.#notAllowed(caller, 'subscribe', channel, namespace)
      return unwrap(await hook(caller.asking, channel, data))
    }
    if (this.#mayBy(caller, channel, 'sub', namespace.allowSubscribeForClient, namespace.allowSubscribeForAnonymous)) return nothing
    throw this.#notAllowed(caller, 'subscribe', channel, namespace)
  }

  /** @returns what the back end changed about the publication */
  async publish(caller: ChannelCaller, channel: string, data: Json): Promise<PublishHookResult> {
    const namespace = this.#guarded(caller, channel, 'publish')
    if ((await this.#byAuthorizer(namespace, { channel, user: caller.user, action: 'publish', data })) !== undefined) return {}
    const hook = this.options.hooks.publish
    if (namespace.publishHook && hook !== undefined) return unwrap(await hook(caller.asking, channel, data))
    this.#checkPublish(caller, channel, namespace)
    return {}
  }

  /** Whether a publish needs nobody's answer: then it is decided without leaving the current turn. */
  publishesAtOnce(caller: ChannelCaller, channel: string): boolean {
    const namespace = this.#guarded(caller, channel, 'publish')
    if (this.#authorizers.has(namespace.name) || (namespace.publishHook && this.options.hooks.publish !== undefined)) return false
    this.#checkPublish(caller, channel, namespace)
    return true
  }

  async presence(caller: ChannelCaller, channel: string): Promise<void> {
    const namespace = this.#guarded(caller, channel, 'presence')
    if (!namespace.presence) throw new CommandError(errors.notAvailable)
    if ((await this.#byAuthorizer(namespace, { channel, user: caller.user, action: 'presence' })) !== undefined) return
    const subscribed = namespace.allowPresenceForSubscriber && caller.isSubscribed(channel)
    if (subscribed || this.#mayBy(caller, channel, 'prs', namespace.allowPresenceForClient, false)) return
    throw this.#notAllowed(caller, 'presence', channel, namespace)
  }

  async history(caller: ChannelCaller, channel: string): Promise<void> {
    const namespace = this.#guarded(caller, channel, 'history')
    if (namespace.delivery.recovers !== 'all') throw new CommandError(errors.notAvailable)
    if ((await this.#byAuthorizer(namespace, { channel, user: caller.user, action: 'history' })) !== undefined) return
    const subscribed = namespace.allowHistoryForSubscriber && caller.isSubscribed(channel)
    if (subscribed || this.#mayBy(caller, channel, 'hst', namespace.allowHistoryForClient, false)) return
    throw this.#notAllowed(caller, 'history', channel, namespace)
  }

  /**
   * What the name of a channel says of who it is for holds for whatever is done there: a private one is for those who are in it, by token or by
   * the server's will, and one that names users is for them. A capability of the connection token is the back end's own word on the channel.
   * @throws CommandError 103
   */
  #guarded(caller: ChannelCaller, channel: string, action: Exclude<Action, 'subscribe'>): Namespace {
    const namespace = this.namespaceOf(channel)
    if (permits(caller.caps, channel, letters[action])) return namespace
    if (isPrivate(channel) && !caller.isSubscribed(channel))
      throw this.#denied(caller.user, action, channel, 'a channel that begins with $ is for those who are in it')
    const users = usersIn(channel, namespace)
    if (users !== undefined && !isAmong(users, caller)) throw this.#notNamed(caller.user, action, channel)
    return namespace
  }

  #checkPublish(caller: ChannelCaller, channel: string, namespace: Namespace): void {
    const asSubscriber = namespace.allowPublishForSubscriber && caller.isSubscribed(channel)
    const forClient = namespace.allowPublishForClient || asSubscriber
    if (this.#mayBy(caller, channel, 'pub', forClient, namespace.allowPublishForAnonymous)) return
    throw this.#notAllowed(caller, 'publish', channel, namespace)
  }

  /** An `allow_…` option includes strangers only if the option for anonymous clients is set as well, as in Centrifugo. */
  #mayBy(caller: ChannelCaller, channel: string, permission: Permission, forClient: boolean, forAnonymous: boolean): boolean {
    if (this.options.insecure || permits(caller.caps, channel, permission)) return true
    return forClient && (caller.user !== '' || forAnonymous)
  }

  #notAllowed({ user }: ChannelCaller, action: Action, channel: string, { name }: Namespace): CommandError {
    const where = name === '' ? 'channel.without_namespace' : `the namespace ${JSON.stringify(name)}`
    const option = user === '' ? `allow_${action}_for_client with allow_${action}_for_anonymous` : `allow_${action}_for_client or its like`
    return this.#denied(user, action, channel, `neither a capability of the token nor ${option} in ${where} allows it`)
  }

  #notNamed(user: string, action: Action, channel: string): CommandError {
    return this.#denied(user, action, channel, 'the user is not among those that the channel names')
  }

  /** A refusal whose reason the log tells its operator. */
  #denied(user: string, action: Action, channel: string, reason: string): CommandError {
    return this.options.refusals.denied(`${action}: ${reason}`, { channel, user })
  }

  async #byAuthorizer(namespace: Namespace, request: AccessRequest): Promise<Grant | undefined> {
    const authorizer = this.#authorizers.get(namespace.name)
    if (authorizer === undefined) return undefined
    if (request.user === '' && !authorizer.anonymous) throw new CommandError(errors.permissionDenied)
    const answer = await authorizer.decide(request)
    if (answer === false) throw this.#denied(request.user, request.action, request.channel, 'the authorizer of the namespace said no')
    return answer === true ? nothing : answer
  }

  async #bySubscriptionToken(caller: ChannelCaller, channel: string, token: string): Promise<Grant> {
    const verified = await this.options.tokens.subscription(token, caller.address)
    const denied = (reason: string) => this.#denied(caller.user, 'subscribe', channel, `subscription token: ${reason}`)
    if (verified.kind === 'invalid') throw denied(verified.reason)
    if (verified.kind === 'expired') throw new CommandError(errors.tokenExpired)
    const { value } = verified
    const bound = value.client === undefined || value.client === caller.id
    if (value.channel !== channel) throw denied('it is for another channel')
    if (value.user !== caller.user) throw denied('its `sub` is not the user of the connection')
    if (!bound) throw denied('its `client` is another connection')
    return { info: value.info, expireAt: value.expireAt, token: value.token }
  }
}

/** The users that a channel names, where its namespace lets channels do so. */
function usersIn(channel: string, { allowUserLimitedChannels }: Namespace): readonly string[] | undefined {
  return allowUserLimitedChannels ? usersOf(channel) : undefined
}

function isAmong(users: readonly string[], { user }: ChannelCaller): boolean {
  return user !== '' && users.includes(user)
}

/** A back end's answer as a value, or as the failure that it asks for. */
export function unwrap<T>(answer: HookAnswer<T>): T {
  switch (answer.kind) {
    case 'granted':
      return answer.result
    case 'refused':
      throw new CommandError({
        code: answer.error.code,
        message: answer.error.message,
        ...(answer.error.temporary ? { temporary: true as const } : {}),
      })
    case 'disconnect':
      throw new CloseError(answer.close)
  }
}
