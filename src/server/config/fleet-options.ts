import { z } from 'zod'
import { choice, expects, group, integer, optionalInteger, optionNotes, secretText, text } from './option.ts'

/** A scheme alone stands for a URL that says no more. */
export const broker = z
  .string(expects('a broker like "memory:"'))
  .regex(/^[a-z][a-z0-9+.-]*(:.*)?$/s, expects('a broker like "memory:"'))
  .transform(value => (value.includes(':') ? value : `${value}:`))
  .register(optionNotes, {
    type: 'URL',
    meaning:
      'What moves publications between nodes: `memory:` within one process and its relays, `kafka://host:port,…` (`kafkas://` by TLS) for a fleet of equal nodes, which needs Postgres as `store`, `node.secret` and `node.address`.',
    read: text => text,
  })

const file = (meaning: string, otherwise: string) => text(meaning, { type: 'file', neverEmpty: true, otherwise }).optional()

/** How Kafka is reached, and which topics are used. */
export const kafka = group({
  username: text('User that nodes log in to Kafka as (SASL).', { neverEmpty: true, otherwise: 'none' }).optional(),
  password: secretText('Password of that user.', 'none'),
  mechanism: choice('How they log in.', ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'], 'SCRAM-SHA-512'),
  tls: group({
    ca: file('PEM file of the authority that signed the certificates of the brokers, for `kafkas://`.', 'those that the system trusts'),
    cert: file('PEM file of a certificate that nodes show the brokers.', 'none'),
    key: file('PEM file of its key.', 'none'),
    servername: text('The name that certificates of the brokers must carry.', {
      neverEmpty: true,
      otherwise: 'the host of each',
    }).optional(),
  }).prefault({}),
  topics: group({
    prefix: text('What the names of all topics begin with. Fleets of one Kafka have one each.', {
      phrase: 'letters, digits, "-", "_" and "."',
      pattern: /^[-\w.]{1,100}$/,
    }).prefault('fanfare'),
    partitions: integer(
      'Partitions of the topic that carries publications. Fixed with the first start: another number is refused.',
      64,
      1,
      1024,
    ),
    replication: optionalInteger('Brokers that keep a copy of each topic.', 1, 15, '3, or all where there are fewer'),
  }).prefault({}),
})

/** A namespace whose publications have topics of their own. */
export const namespaceKafka = group({
  mapping: choice(
    'With a `kafka:` broker: `shared`, one topic for all channels; or `per-channel`, a topic for each, which other systems may write to.',
    ['shared', 'per-channel'],
    'shared',
  ),
  topic: text(
    'The topic, or what the names of the topics begin with, before the channel’s own: `AAPL` stays as it is, what is no letter, digit, `_` or single `-` is written as `--` and two hexadecimal digits a byte, like `BRK--2eB`. No two namespaces may come to the same topic, nor to two that differ in `.` and `_` only.',
    {
      phrase: 'letters, digits, "-", "_" and "."',
      pattern: /^[-\w.]{0,200}$/,
      otherwise: 'kafka.topics.prefix and the namespace',
    },
  ).optional(),
})

/** A node among others. */
export const node = group({
  secret: secretText('Secret that nodes of one cluster share.', 'generated in the data folder, but in a fleet'),
  address: text(
    'Where the other nodes of a fleet link to this one, like `ws://10.0.0.4:7400`: this node itself, not a balancer in front.',
    {
      phrase: 'an address like "ws://10.0.0.4:7400"',
      pattern: /^wss?:\/\/[^\s/?#@]+$/,
      otherwise: 'ws://host:port, where host is one address',
    },
  ).optional(),
})
