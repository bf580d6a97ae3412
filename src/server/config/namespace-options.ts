import { z } from 'zod'
import { deliveries, type Namespace, namespaceBounds, namespaceRules, readNamespace } from '../../hub/index.ts'
import { delayMaxMs } from '../../protocol/index.ts'
import { namespaceKafka } from './fleet-options.ts'
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

const name = { phrase: 'a name of letters, digits, "-", "_" and "."', pattern: namespaceBounds.name }

const laneSchema = group({
  name: text('The name that a publication gives as its `lane`.', name),
  interval: duration('How often the lane sends at most; `0s` for at once.', '0s', { maxMs: namespaceBounds.intervalMaxMs }),
  keep: choice(
    '`all` in order, the `newest` value per key, or the `tail`: the last ones, the oldest dropped first.',
    ['all', 'newest', 'tail'],
    'newest',
  ),
  max: integer('How many keys (`newest`) or publications (`tail`) are kept.', 1000, 0, namespaceBounds.laneMax),
})

/** The options of a namespace but its name. Names and meanings are Centrifugo's where it has them. */
const options = {
  delivery: choice(
    '`stream`: every publication, in order, recoverable. `latest`: the newest one. `conflated`: per key the newest, batched. `lanes`: urgent at once, the rest batched. `ephemeral`: best effort.',
    ['stream', 'latest', 'conflated', 'lanes', 'ephemeral'],
    'stream',
  ),
  interval: duration('How often a `conflated` channel sends at most.', '100ms', {
    minMs: namespaceBounds.intervalMinMs,
    maxMs: namespaceBounds.intervalMaxMs,
  }),
  lanes: z
    .array(laneSchema, expects('a list of lanes'))
    .min(1, expects('at least one lane'))
    .max(namespaceBounds.lanesMax, expects(`at most ${namespaceBounds.lanesMax} lanes`))
    .register(optionNotes, {
      type: 'list of lanes',
      meaning: 'The lanes of a `lanes` channel, the urgent one first.',
      otherwise: 'urgent, stats (1s), text (2s)',
      read: asJson,
    })
    .optional(),
  history_size: optionalInteger(
    'How many publications a channel keeps for recovery and history.',
    0,
    namespaceBounds.historySizeMax,
    '0, or 1000 with lanes',
  ),
  history_ttl: optionalDuration(
    'How long publications are kept; with `latest` and `conflated`, how long a quiet channel keeps its values.',
    {
      maxMs: namespaceBounds.ttlMaxMs,
      otherwise: '0s, or 24h with latest, conflated and lanes',
    },
  ),
  history_meta_ttl: optionalDuration('How long epoch and offset outlive the publications of a quiet channel.', {
    maxMs: namespaceBounds.ttlMaxMs,
    otherwise: 'channel.history_meta_ttl',
  }),
  history_store: choice('`disk` keeps the history over a restart, in the store.', ['memory', 'disk'], 'memory'),
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
  kafka: namespaceKafka.optional(),
}

export const optionsSchema = group(options)
export const namespaceSchema = group({ name: text('What stands before the `:` of a channel name.', name), ...options })

/** The options of one namespace as they were given, with durations in milliseconds. */
export type NamespaceOptions = z.output<typeof optionsSchema>

/** Durations have their unit in a configuration and in code their name. */
const durations: ReadonlySet<string> = new Set(['interval', 'history_ttl', 'history_meta_ttl', 'delay_max'])

/** `history_ttl` for `historyTtlMs`, `lanes[1].interval` for `lanes[1].intervalMs`. */
export function configName(option: string): string {
  return option.replace(/Ms\b/g, '').replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
}

/** `historyTtlMs` for `history_ttl`. */
export function codeName(option: string): string {
  return option.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()) + (durations.has(option) ? 'Ms' : '')
}

/** Options that have a meaning for one delivery or another, and may stand where they have none: they are warned of. */
const harmless: ReadonlySet<string> = new Set(['interval', 'lanes', 'history_size', 'history_ttl', 'history_meta_ttl'])

/** Whether the option says no more than its default. */
function isSilent(value: unknown): boolean {
  return value === undefined || value === false || value === 'memory' || (Array.isArray(value) && value.length === 0)
}

function isTaken(option: string, { delivery }: NamespaceOptions): boolean {
  const name = codeName(option)
  return name in namespaceRules || name in deliveries[delivery].options
}

/** Options that were given and do nothing with the delivery. */
export function idleOptions(options: NamespaceOptions): string[] {
  return ['history_size', 'history_ttl', 'lanes'].filter(option => Reflect.get(options, option) !== undefined && !isTaken(option, options))
}

/** What was given, as `defineNamespace` takes it: topics are a matter of the broker, and not of the policy. */
export function givenOptions(name: string, { kafka: _, ...options }: NamespaceOptions): Readonly<Record<string, unknown>> {
  const given: [string, unknown][] = [['name', name]]
  for (const [option, value] of Object.entries(options)) {
    if (isSilent(value) || (harmless.has(option) && !isTaken(option, options))) continue
    given.push([codeName(option), option === 'lanes' ? options.lanes?.map(toLane) : value])
  }
  return Object.fromEntries(given)
}

function toLane({ interval, ...lane }: z.output<typeof laneSchema>) {
  return { ...lane, intervalMs: interval }
}

/** The policy that follows from what was given. */
export function toNamespace(name: string, options: NamespaceOptions, metaTtlMs: number): Namespace {
  return readNamespace(givenOptions(name, { ...options, history_meta_ttl: options.history_meta_ttl ?? metaTtlMs }))
}
