import { describe, expect, test } from 'bun:test'
import { ConfigError, configure } from './resolve.ts'
import type { ConfigInput } from './schema.ts'

const whole = {
  broker: 'kafka://one:9092,two:9093',
  store: 'postgres://fanfare:secret@db/fanfare',
  host: '0.0.0.0',
  node: { secret: 'a-secret-of-nodes-of-32-bytes-xx', address: 'ws://10.0.0.4:7400' },
  client: { token: { hmac_secret_key: 'k'.repeat(32) } },
} as const satisfies ConfigInput

function problemsOf(input: ConfigInput): readonly string[] {
  try {
    configure({ ...whole, ...input })
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems
  }
}

describe('the options of a fleet', () => {
  test('[FL12] a node of a fleet is configured by its broker, its store, a secret and its address', () => {
    const { broker, kafka, node, development, warnings } = configure(whole)
    expect({ broker, development, warnings }).toEqual({ broker: whole.broker, development: false, warnings: [] })
    expect(node).toEqual(whole.node)
    expect(kafka).toEqual({
      ...{ hosts: ['one:9092', 'two:9093'], tls: undefined, login: undefined, mappings: {} },
      topics: { prefix: 'fanfare', partitions: 64, replication: undefined },
    })
  })

  test('[FL12] Kafka is reached by TLS, with a user, and with topics for a namespace’s channels', () => {
    const { kafka } = configure({
      ...whole,
      broker: 'kafkas://one',
      kafka: {
        ...{ username: 'fan', password: 'fare', mechanism: 'PLAIN' },
        tls: { ca: 'ca.pem', servername: 'kafka' },
        topics: { prefix: 'live', partitions: 8, replication: 3 },
      },
      channel: { namespaces: [{ name: 'game', kafka: { mapping: 'per-channel', topic: 'game_' } }] },
    })
    expect(kafka).toEqual({
      hosts: ['one:9092'],
      tls: { ca: 'ca.pem', cert: undefined, key: undefined, servername: 'kafka' },
      login: { mechanism: 'PLAIN', username: 'fan', password: 'fare' },
      topics: { prefix: 'live', partitions: 8, replication: 3 },
      mappings: { game: { mapping: 'per-channel', topic: 'game_' } },
    })
  })

  test('[FL12] the address follows from host and port where they say it', () => {
    const addressOf = (host: string) => configure({ ...whole, host, node: { secret: whole.node.secret } }).node.address
    expect(['10.0.0.4', 'node-1', '::1', '[::1]'].map(addressOf)).toEqual([
      ...['ws://10.0.0.4:7400', 'ws://node-1:7400', 'ws://[::1]:7400', 'ws://[::1]:7400'],
    ])
  })

  const { secret, address } = whole.node
  const refused: [ConfigInput, string][] = [
    [{ store: 'sqlite:./rows.sqlite' }, 'store: must be postgres://user:password@host/database where broker is "kafka:"'],
    [{ node: { address } }, 'node.secret: missing: nodes of a fleet show it to each other'],
    [{ node: { secret } }, 'node.address: missing: "0.0.0.0" is every address of this machine'],
    [{ node: { secret }, host: '10.0.0.4', port: 0 }, 'node.address: missing: the others do not know which port is free here'],
    [{ node: { secret, address: 'ws://0.0.0.0:7400' } }, 'node.address: "0.0.0.0" is no address that other nodes could reach'],
    [{ node: { secret, address: 'ws://10.0.0.4:0' } }, 'node.address: expected a port from 1 to 65535'],
    [{ node: { secret, address: '10.0.0.4:7400' } }, 'node.address: expected an address like "ws://10.0.0.4:7400"'],
    [{ workers: 2 }, 'workers: must be 1 where broker is "kafka:"'],
    [{ broker: 'kafka:' }, 'broker: expected kafka://host:port'],
    [{ broker: 'kafka://user:not-to-be-seen@one:9092' }, 'broker: expected kafka://host:port'],
    [{ broker: 'kafka://one:9092/topic' }, 'broker: expected kafka://host:port'],
    [{ broker: 'kafka://one:99999' }, 'broker: expected kafka://host:port'],
    [{ kafka: { username: 'fan' } }, 'kafka.password: missing'],
    [{ kafka: { password: 'fare' } }, 'kafka.username: missing'],
    [{ kafka: { tls: { ca: 'ca.pem' } } }, 'kafka.tls: does nothing with kafka://'],
    [{ broker: 'kafkas://one', kafka: { tls: { cert: 'c.pem' } } }, 'kafka.tls.key: missing'],
    [{ kafka: { topics: { partitions: 0 } } }, 'kafka.topics.partitions: expected an integer from 1 to 1024, got 0'],
    [{ host: '127.0.0.1', client: {} }, 'client.token.hmac_secret_key: missing: every node of a fleet checks the same tokens'],
  ]
  test.each(refused)('[FL13] %j is refused with the path of what is wrong', (input, problem) => {
    const problems = problemsOf(input)
    expect(problems).toEqual([expect.stringContaining(problem)])
    expect(problems.join()).not.toContain('not-to-be-seen')
  })

  type Own = readonly [name: string, mapping: 'shared' | 'per-channel', topic?: string]
  const withTopics = (...own: readonly Own[]): ConfigInput => {
    const namespaces = own.map(([name, mapping, topic]) => ({ name, kafka: { mapping, ...(topic === undefined ? {} : { topic }) } }))
    return { channel: { namespaces } }
  }
  const overlapping: [ConfigInput, string][] = [
    [withTopics(['a', 'per-channel', 'game.'], ['b', 'per-channel', 'game.eu.']), 'channel.namespaces[1].kafka.topic: "game.eu.…" may be'],
    [withTopics(['a', 'per-channel', 'game_'], ['b', 'shared', 'game.eu']), 'channel.namespaces[1].kafka.topic: "game.eu" may be'],
    [withTopics(['a', 'shared', 'one'], ['b', 'shared', 'one']), 'channel.namespaces[1].kafka.topic: "one" may be'],
    [withTopics(['a', 'shared', 'fanfare.controls']), 'channel.namespaces[0].kafka.topic: "fanfare.controls" may be'],
    [withTopics(['channels', 'shared']), 'channel.namespaces[0].kafka.topic: "fanfare.channels" may be'],
    [withTopics(['a', 'per-channel', 'fanfare.']), 'channel.namespaces[0].kafka.topic: "fanfare.…" may be'],
  ]
  test.each(overlapping)('[LB72] %j is refused: a record would belong to two namespaces', (input, problem) => {
    expect(problemsOf(input)).toEqual([expect.stringContaining(problem)])
  })

  test('[LB72] topics that differ are taken, and so are all that follow from names', () => {
    const each = ['game', 'game.eu', 'game_eu', 'game-eu', 'channels', 'g'].map((name): Own => [name, 'per-channel'])
    const one = ['room', 'room.eu', 'room_eu', 'game.', 'game.eu.x'].map((name): Own => [name, 'shared'])
    expect(problemsOf(withTopics(...each, ...one, ['a', 'per-channel', 'a_'], ['b', 'shared', 'b_1']))).toEqual([])
    expect(problemsOf(withTopics(['game', 'per-channel', '']))).toEqual([])
  })

  test('[FL13] everything that a fleet lacks is said at once', () => {
    expect(problemsOf({ store: 'sqlite:rows.sqlite', node: {} }).map(problem => problem.split(':')[0])).toEqual([
      'store',
      'node.secret',
      'node.address',
    ])
  })

  test('[FL13] a relay of a fleet needs none of it', () => {
    expect(problemsOf({ store: 'sqlite:rows.sqlite', node: { secret }, upstream: ['ws://10.0.0.4:7400'] })).toEqual([])
  })

  test('[FL13] options without effect are warned of', () => {
    const { warnings } = configure({
      ...{ node: { address }, kafka: { username: 'fan', password: 'fare' } },
      channel: { namespaces: [{ name: 'game', kafka: { mapping: 'shared' } }] },
    })
    expect(warnings.map(warning => warning.split(':')[0])).toEqual(['node.address', 'kafka.username', 'channel.namespaces[0].kafka'])
    const fleet = configure({
      ...{ ...whole, kafka: { username: 'fan', password: 'fare', mechanism: 'PLAIN' } },
      channel: { namespaces: [{ name: 'game', history_size: 1, history_ttl: '1m', history_store: 'disk' }] },
    })
    expect(fleet.warnings.map(warning => warning.split(':')[0])).toEqual(['channel.namespaces[0].history_store', 'kafka.mechanism'])
  })
})
