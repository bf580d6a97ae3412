import { describe, expect, test } from 'bun:test'
import { SparseBroker } from '../../sim/cluster/sparse-broker.ts'
import { SimClock } from '../../sim/core/clock.ts'
import { MemoryBroker, ProvidedHistories } from '../../src/broker/index.ts'
import { defaultLimits, Namespaces } from '../../src/hub/index.ts'
import { seededRandom } from '../../src/kit/index.ts'
import { ConfigError, createServer } from '../../src/server/index.ts'
import { startServer } from '../kit/index.ts'
import { brokerContract, contractNamespaces } from './broker.ts'
import { LogCluster } from './over-a-log.ts'
import { presenceContract } from './presence.ts'
import { inMemory, relayOverPipe, Stage } from './relay-over-pipe.ts'

/** Something in front of the memory broker. */
function inFront(
  wrap: (open: (sink: ConstructorParameters<typeof MemoryBroker>[1]) => MemoryBroker, clock: SimClock) => Stage['broker'],
): Stage {
  const clock = new SimClock()
  const options = { clock, random: seededRandom(1), namespaces: new Namespaces(contractNamespaces), limits: defaultLimits }
  const broker = wrap(sink => new MemoryBroker(options, sink), clock)
  return new Stage(clock, broker, inMemory().presence, () => broker.close())
}

/** A node over a log, beside another one that is there all the time. */
function overLog(): Stage {
  const clock = new SimClock()
  const cluster = new LogCluster(clock)
  const [node, other] = [cluster.node('one'), cluster.node('other')]
  clock.settle()
  return new Stage(clock, node.broker, inMemory().presence, async () => {
    for (const { broker } of [node, other]) await broker.close()
  })
}

const nobody = { deliver() {}, control() {}, mayHaveMissed() {}, removed() {} }

brokerContract('in memory', async () => inMemory())
brokerContract('of a relay, over a pipe', async () => relayOverPipe())
brokerContract('whose offsets skip', async () => inFront(open => new SparseBroker(open, nobody)))
brokerContract('in front of which services keep histories', async () =>
  inFront((open, clock) => new ProvidedHistories(clock, open(nobody))),
)
brokerContract('over a log', async () => overLog())

const withRoom = async (stage: Stage) => {
  await stage.done(stage.broker.open('room:1', { limit: 0 }))
  return stage
}
presenceContract('in memory', () => withRoom(inMemory()))
presenceContract('of a relay, over a pipe', () => withRoom(relayOverPipe()))

describe('a broker by its URL', () => {
  test('[B232] a scheme that nobody knows is a problem of the configuration, with its path', async () => {
    const refused = createServer({ broker: 'nats://127.0.0.1' })
    await expect(refused).rejects.toThrow(
      new ConfigError(['broker: nothing is known of "nats:", only of "memory:", "kafka:" and "kafkas:"']),
    )
  })

  test('[B232] a program brings brokers of its own, which are opened with the URL', async () => {
    const opened: string[] = []
    const own = (
      context: ConstructorParameters<typeof MemoryBroker>[0] & { url: string },
      sink: ConstructorParameters<typeof MemoryBroker>[1],
    ) => {
      opened.push(context.url)
      return new MemoryBroker(context, sink)
    }
    await using server = await startServer({ broker: 'own://here/topic' }, { brokers: { own } })
    expect(opened).toEqual(['own://here/topic'])
    expect(server.server.config.broker).toBe('own://here/topic')
  })
})
