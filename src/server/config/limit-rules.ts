import { bytesPerCharacter, callsMax, positionBytes } from '../../hub/index.ts'
import { hookLimits } from '../hooks/limits.ts'
import { frameSizesOf } from './frame-sizes.ts'
import type { Settings } from './schema.ts'

/** Both sides of a rule in the same unit, and the right one as it was reckoned: `128 x 4096 = 524288`. */
interface Sides {
  readonly left: number
  readonly right: number
  readonly sum: string
}

/** A rule that two or more limits must satisfy, of the form `left >= right`. */
export interface LimitRule {
  /** The option to change. */
  readonly path: string
  /** The other options that the rule reads. */
  readonly reads: readonly string[]
  /** `client.frame_size_limit >= client.channel_limit x client.subscribe_size_limit` */
  readonly formula: string
  /** What happens if it does not hold. */
  readonly otherwise: string
  /** Stops the start where clients would be sent away for good by what they are allowed to do; else it is a warning. */
  readonly isFatal: boolean
  readonly sides: (settings: Settings) => Sides
}

/** Words of a subscribe command beside its name and position, with a token that says no more than it must. */
const subscribeLeastBytes = 512

/** How sizes of frames and commands hang together. */
const sizeRules: readonly LimitRule[] = [
  {
    path: 'client.frame_size_limit',
    reads: ['client.channel_limit', 'client.subscribe_size_limit', 'client.message_size_limit'],
    formula: 'client.frame_size_limit >= client.channel_limit x client.subscribe_size_limit',
    otherwise: 'an SDK that comes back to all of its channels sends one frame, which would close with 1009, and it stays away',
    isFatal: true,
    sides: ({ client }) => {
      const { frameBytesMax, subscribeBytesMax } = frameSizesOf(client)
      return { left: frameBytesMax, ...product(client.channel_limit, subscribeBytesMax) }
    },
  },
  {
    path: 'client.frame_size_limit',
    reads: ['client.message_size_limit'],
    formula: 'client.frame_size_limit >= client.message_size_limit',
    otherwise: 'a command that is allowed would close with 1009',
    isFatal: true,
    sides: ({ client }) => same(frameSizesOf(client).frameBytesMax, client.message_size_limit),
  },
  {
    path: 'client.subscribe_size_limit',
    reads: ['client.message_size_limit'],
    formula: 'client.message_size_limit >= client.subscribe_size_limit',
    otherwise: 'a subscribe command that is allowed would close with 1009',
    isFatal: true,
    sides: ({ client }) => same(client.message_size_limit, frameSizesOf(client).subscribeBytesMax),
  },
  {
    path: 'client.subscribe_size_limit',
    reads: ['client.message_size_limit', 'channel.max_length'],
    formula: `client.subscribe_size_limit >= ${bytesPerCharacter} x channel.max_length + ${positionBytes + subscribeLeastBytes}`,
    otherwise: 'a channel of the longest name could not be subscribed to with a token',
    isFatal: false,
    sides: ({ client, channel }) => {
      const rest = positionBytes + subscribeLeastBytes
      const right = bytesPerCharacter * channel.max_length + rest
      const sum = `${bytesPerCharacter} x ${channel.max_length} + ${rest} = ${right}`
      return { left: frameSizesOf(client).subscribeBytesMax, right, sum }
    },
  },
  {
    path: 'client.queue_max_size',
    reads: ['client.message_size_limit'],
    formula: 'client.queue_max_size >= 2 x client.message_size_limit',
    otherwise: 'one publication could be more than may wait for a client, which would be closed with 3008 each time it recovers it',
    isFatal: false,
    sides: ({ client }) => ({ left: client.queue_max_size, ...product(2, client.message_size_limit) }),
  },
]

/** Parts of a request's head beside the channels of an event stream: a token of 4 KiB, cookies, the cursor. */
const headLeastBytes = 16 * 1024
/** `&channel=` before each name, and `"",` around it in a change of the watchlist. */
const [bytesInUrl, bytesInList] = [9, 3]

function ofAllChannels({ client, channel }: Settings, around: number, rest: number): Omit<Sides, 'left'> {
  const right = client.channel_limit * (channel.max_length + around) + rest
  return { right, sum: `${client.channel_limit} x (${channel.max_length} + ${around})${rest === 0 ? '' : ` + ${rest}`} = ${right}` }
}

/** The needs of an event stream with as many channels as it may have. */
const streamRules: readonly LimitRule[] = [
  {
    path: 'client.head_size_limit',
    reads: ['client.channel_limit', 'channel.max_length'],
    formula: `client.head_size_limit >= client.channel_limit x (channel.max_length + ${bytesInUrl}) + ${headLeastBytes}`,
    otherwise: 'an event stream that names as many channels as it may, with its token and its cursor, would be answered 431',
    isFatal: false,
    sides: settings => ({ left: settings.client.head_size_limit, ...ofAllChannels(settings, bytesInUrl, headLeastBytes) }),
  },
  {
    path: 'client.message_size_limit',
    reads: ['client.channel_limit', 'channel.max_length'],
    formula: `client.message_size_limit >= client.channel_limit x (channel.max_length + ${bytesInList})`,
    otherwise: 'a full watchlist of an event stream could not be replaced by another full one',
    isFatal: false,
    sides: settings => ({ left: settings.client.message_size_limit, ...ofAllChannels(settings, bytesInList, 0) }),
  },
]

/** Answers and publications beside what may wait for clients. */
const unsentRules: readonly LimitRule[] = [
  {
    path: 'client.user_unsent_size_limit',
    reads: [],
    formula: `client.user_unsent_size_limit >= ${callsMax} x ${hookLimits.answerBytesMax}`,
    otherwise: 'a user whose calls are answered by a back end at length would be closed with 3008, however quickly they read',
    isFatal: false,
    sides: ({ client }) => ({ left: client.user_unsent_size_limit, ...product(callsMax, hookLimits.answerBytesMax) }),
  },
  {
    path: 'client.user_unsent_size_limit',
    reads: ['client.queue_max_size', 'client.history_max_size', 'client.presence_max_size'],
    formula: 'client.user_unsent_size_limit >= client.queue_max_size + client.history_max_size + client.presence_max_size',
    otherwise: 'a single connection that may hold as much would be closed with 3008 for it',
    isFatal: false,
    sides: ({ client: { user_unsent_size_limit, queue_max_size, history_max_size, presence_max_size } }) => ({
      left: user_unsent_size_limit,
      right: queue_max_size + history_max_size + presence_max_size,
      sum: `${queue_max_size} + ${history_max_size} + ${presence_max_size} = ${queue_max_size + history_max_size + presence_max_size}`,
    }),
  },
  {
    path: 'client.unsent_size_limit',
    reads: ['client.user_unsent_size_limit'],
    formula: 'client.unsent_size_limit >= client.user_unsent_size_limit',
    otherwise: 'one user could take the room of everybody',
    isFatal: false,
    sides: ({ client }) => same(client.unsent_size_limit, client.user_unsent_size_limit),
  },
]

/** A client that returns to as many channels as it may have. */
const comingBackRules: readonly LimitRule[] = [
  {
    path: 'client.json_keys_limit',
    reads: ['client.channel_limit'],
    formula: 'client.json_keys_limit >= client.channel_limit',
    otherwise: 'a connect command with the positions of as many server-side subscriptions would be refused',
    isFatal: false,
    sides: ({ client }) => same(client.json_keys_limit, client.channel_limit),
  },
  {
    path: 'client.pending_command_limit',
    reads: ['client.channel_limit'],
    formula: 'client.pending_command_limit >= client.channel_limit',
    otherwise: 'an SDK that comes back to all of its channels would be closed with 3013 each time',
    isFatal: false,
    sides: ({ client }) => same(client.pending_command_limit, client.channel_limit),
  },
  ...(['command_rate', 'user_command_rate'] as const).map(
    (name): LimitRule => ({
      path: `client.${name}.burst`,
      reads: ['client.channel_limit'],
      formula: `client.${name}.burst > client.channel_limit`,
      otherwise: 'an SDK that comes back to all of its channels would be refused some of them each time',
      isFatal: false,
      sides: ({ client }) => ({ left: client[name].burst, right: client.channel_limit + 1, sum: `${client.channel_limit} + 1` }),
    }),
  ),
]

/** How limits hang together: a test checks the defaults, and every start its configuration. */
export const limitRules: readonly LimitRule[] = [...sizeRules, ...streamRules, ...unsentRules, ...comingBackRules]

function same(left: number, right: number): Sides {
  return { left, right, sum: String(right) }
}

function product(factor: number, times: number): Omit<Sides, 'left'> {
  return { right: factor * times, sum: `${factor} x ${times} = ${factor * times}` }
}

/** `must hold: a >= b x c, got 5 < 2 x 3 = 6: what happens otherwise`; undefined where the rule holds. */
export function brokenBy(rule: LimitRule, settings: Settings): string | undefined {
  const { left, right, sum } = rule.sides(settings)
  return left >= right ? undefined : `must hold: ${rule.formula}, got ${left} < ${sum}: ${rule.otherwise}`
}
