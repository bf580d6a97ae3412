import { z } from 'zod'
import { defaultLanes, type Lane, type Namespace, namespaceDefaults } from '../../hub/index.ts'
import { formatDuration } from '../../kit/index.ts'
import { delayMaxMs } from '../../protocol/index.ts'
import {
  asJson,
  choice,
  duration,
  expects,
  flag,
  group,
  integer,
  list,
  optionalDuration,
  optionalInteger,
  optionNotes,
  text,
} from './option.ts'

const yearsMs = 3650 * 86_400_000
const name = { phrase: 'a name of letters, digits, "-", "_" and "."', pattern: /^[-\w.]{1,64}$/ }

const laneSchema = group({
  name: text('The name that a publication gives as its `lane`.', name),
  interval: duration('How often the lane sends at most; `0s` for at once.', '0s', { maxMs: 60_000 }),
  keep: choice(
    '`all` in order, the `newest` value per key, or the `tail`: the last ones, the oldest dropped first.',
    ['all', 'newest', 'tail'],
    'newest',
  ),
  max: integer('How many keys (`newest`) or publications (`tail`) are kept.', 1000, 0, 1_000_000),
})

/** The options of a namespace but its name. Names and meanings are Centrifugo's where it has them. */
const options = {
  delivery: choice(
    '`stream`: every publication, in order, recoverable. `latest`: the newest one. `conflated`: per key the newest, batched. `lanes`: urgent at once, the rest batched. `ephemeral`: best effort.',
    ['stream', 'latest', 'conflated', 'lanes', 'ephemeral'],
    namespaceDefaults.delivery,
  ),
  interval: duration('How often a `conflated` channel sends at most.', formatDuration(namespaceDefaults.intervalMs), {
    minMs: 10,
    maxMs: 60_000,
  }),
  lanes: z
    .array(laneSchema, expects('a list of lanes'))
    .min(1, expects('at least one lane'))
    .max(16, expects('at most 16 lanes'))
    .register(optionNotes, {
      type: 'list of lanes',
      meaning: 'The lanes of a `lanes` channel, the urgent one first.',
      otherwise: 'urgent, stats (1s), text (2s)',
      read: asJson,
    })
    .optional(),
  history_size: optionalInteger('How many publications a channel keeps for recovery and history.', 0, 10_000_000, '0, or 1000 with lanes'),
  history_ttl: optionalDuration(
    'How long publications are kept; with `latest` and `conflated`, how long a quiet channel keeps its values.',
    {
      maxMs: yearsMs,
      otherwise: '0s, or 24h with latest, conflated and lanes',
    },
  ),
  history_meta_ttl: optionalDuration('How long epoch and offset outlive the publications of a quiet channel.', {
    maxMs: yearsMs,
    otherwise: 'channel.history_meta_ttl',
  }),
  history_store: choice('`disk` keeps the history over a restart, in the store.', ['memory', 'disk'], namespaceDefaults.historyStore),
  delay_max: duration('How far behind a subscriber may ask to be, at most `60s`; `0s` where nobody may.', '0s', { maxMs: delayMaxMs }),
  presence: flag('Keeps who is in a channel.'),
  join_leave: flag('Sends joins and leaves to the subscribers that ask for them.'),
  force_push_join_leave: flag('Sends joins and leaves to every subscriber.'),
  force_recovery: flag('Every subscription recovers, also where the client does not ask.'),
  force_positioning: flag('Every subscription checks that it misses nothing, also where the client does not ask.'),
  allow_subscribe_for_client: flag('A client with a user id may subscribe without a subscription token.'),
  allow_subscribe_for_anonymous: flag('A client without a user id may subscribe where clients may.'),
  allow_publish_for_client: flag('A client with a user id may publish.'),
  allow_publish_for_subscriber: flag('A client that is subscribed to the channel may publish.'),
  allow_publish_for_anonymous: flag('A client without a user id may publish where clients may.'),
  allow_presence_for_client: flag('A client with a user id may ask for presence.'),
  allow_presence_for_subscriber: flag('A client that is subscribed may ask for presence.'),
  allow_history_for_client: flag('A client with a user id may ask for history.'),
  allow_history_for_subscriber: flag('A client that is subscribed may ask for history.'),
  allow_user_limited_channels: flag('`name#alice,bob` admits alice and bob alone.'),
  allow_tags_filter: flag('Subscribers may ask for the publications whose tags match a filter. Delivery `stream` or `ephemeral`.'),
  allowed_delta_types: list('Delta compressions that a client may ask for.', z.enum(['fossil'], expects('"fossil"')), '"fossil"').prefault(
    [],
  ),
  delta_publish: flag('Every publication may go out as a delta; otherwise those that are published with `delta: true`.'),
  subscribe_hook: flag('Asks `hooks.subscribe` before a client subscribes.'),
  publish_hook: flag('Asks `hooks.publish` before a client publishes.'),
}

export const optionsSchema = group(options)
export const namespaceSchema = group({ name: text('What stands before the `:` of a channel name.', name), ...options })

/** The options of one namespace as they were given, with durations in milliseconds. */
export type NamespaceOptions = z.output<typeof optionsSchema>

const dayMs = 86_400_000

/** How much history a namespace keeps where it does not say: state lives for a day, and so does the urgent lane. */
function historyOf({ delivery, history_size, history_ttl }: NamespaceOptions): { size: number; ttlMs: number } {
  switch (delivery) {
    case 'lanes':
      return { size: history_size ?? 1000, ttlMs: history_ttl ?? dayMs }
    case 'latest':
    case 'conflated':
      return { size: 0, ttlMs: history_ttl ?? dayMs }
    case 'stream':
    case 'ephemeral':
      return { size: history_size ?? 0, ttlMs: history_ttl ?? 0 }
  }
}

function toLane({ name, interval, keep, max }: z.output<typeof laneSchema>): Lane {
  return { name, intervalMs: interval, keep, max }
}

/** The policy that follows from what was given. */
export function toNamespace(name: string, options: NamespaceOptions, metaTtlMs: number): Namespace {
  const history = historyOf(options)
  return {
    name,
    delivery: options.delivery,
    intervalMs: options.interval,
    lanes: options.lanes?.map(toLane) ?? defaultLanes,
    historySize: history.size,
    historyTtlMs: history.ttlMs,
    historyMetaTtlMs: options.history_meta_ttl ?? metaTtlMs,
    historyStore: options.history_store,
    delayMaxMs: options.delay_max,
    presence: options.presence,
    joinLeave: options.join_leave,
    forcePushJoinLeave: options.force_push_join_leave,
    forceRecovery: options.force_recovery,
    forcePositioning: options.force_positioning,
    allowSubscribeForClient: options.allow_subscribe_for_client,
    allowSubscribeForAnonymous: options.allow_subscribe_for_anonymous,
    allowPublishForClient: options.allow_publish_for_client,
    allowPublishForSubscriber: options.allow_publish_for_subscriber,
    allowPublishForAnonymous: options.allow_publish_for_anonymous,
    allowPresenceForClient: options.allow_presence_for_client,
    allowPresenceForSubscriber: options.allow_presence_for_subscriber,
    allowHistoryForClient: options.allow_history_for_client,
    allowHistoryForSubscriber: options.allow_history_for_subscriber,
    allowUserLimitedChannels: options.allow_user_limited_channels,
    allowTagsFilter: options.allow_tags_filter,
    allowedDeltaTypes: options.allowed_delta_types,
    deltaPublish: options.delta_publish,
    subscribeHook: options.subscribe_hook,
    publishHook: options.publish_hook,
  }
}
