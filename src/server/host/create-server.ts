import { hostname } from 'node:os'
import type { Parent } from '../../cluster/index.ts'
import { connectByWebSocket, upgradeLink } from '../../cluster/index.ts'
import type { Log } from '../../hub/index.ts'
import { type Clock, type Random, systemClock, systemRandom } from '../../kit/index.ts'
import { Application } from '../application/application.ts'
import type { BrokerOpeners } from '../application/brokers.ts'
import { type Config, type ConfigInput, configure } from '../config/index.ts'
import { calmLog } from './calm-log.ts'
import { FanfareServer, type ServiceFactory } from './fanfare-server.ts'
import { logOfProcess } from './log.ts'
import { withinOpenFiles } from './open-files.ts'
import { withSecrets } from './secrets.ts'
import { openStore } from './store.ts'

/** What surrounds a server: the real thing unless said otherwise. */
export interface Overrides {
  readonly clock?: Clock
  readonly random?: Random
  readonly log?: Log
  /** Started before the first client is let in. */
  readonly services?: readonly ServiceFactory[]
  /** Makes it a relay of another node. */
  readonly parent?: Parent
  /** Brokers beside those that ship, by the scheme of their URL: `{ nats: open }` for `broker: 'nats://…'`. */
  readonly brokers?: BrokerOpeners
}

/**
 * Starts a server that listens when the promise resolves.
 * @param input the configuration with the names of the documentation, or one that was resolved before
 * @throws ConfigError with every problem, each as `path: reason`
 */
export async function createServer(input: ConfigInput | Config = {}, overrides: Overrides = {}): Promise<FanfareServer> {
  const { random = systemRandom, clock = systemClock, brokers = {}, services = [] } = overrides
  const config = withinOpenFiles(withSecrets(configure(input, Object.keys(brokers)), random))
  const log = calmLog(overrides.log ?? logOfProcess(config), clock)
  const server = hostOf(config, { clock, random, log, brokers, parent: overrides.parent ?? parentOf(config) })
  try {
    await server.start(services)
  } catch (error) {
    await server.close()
    throw error
  }
  return server
}

function parentOf({ upstreams, node, region }: Config): Parent | undefined {
  return upstreams.length === 0 ? undefined : { upstreams, secret: node.secret ?? '', role: 'relay', region }
}

interface Means {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly parent: Parent | undefined
  readonly brokers: BrokerOpeners
}

/** An application with the I/O of this process. */
function hostOf(config: Config, { clock, random, log, parent, brokers }: Means): FanfareServer {
  const store = parent === undefined ? openStore(config, { clock, log }) : undefined
  const application = new Application(
    { config, parent, brokers, name: hostname() },
    {
      ...{ clock, random, log, store, fetch, connect: connectByWebSocket },
      listen: links => server.http.upgrade('/connection/node', (request, upgrader) => upgradeLink(links, request, upgrader)),
      page: (path, html) => server.http.page(path, html),
      measure: metric => server.metrics.add(metric),
      stats: () => server.ops.rows(),
    },
  )
  const server = new FanfareServer(config, application, store)
  return server
}
