import { hostname } from 'node:os'
import { connectByWebSocket, upgradeLink } from '../../cluster/index.ts'
import { systemClock, systemRandom } from '../../kit/index.ts'
import { Application } from '../application/application.ts'
import { type Config, type ConfigInput, configure } from '../config/index.ts'
import type { Service } from '../services/index.ts'
import { calmLog } from './calm-log.ts'
import { FanfareServer } from './fanfare-server.ts'
import { fileOf } from './http.ts'
import { logOfProcess } from './log.ts'
import { withinOpenFiles } from './open-files.ts'
import { type Overrides, parentOf, type Surroundings } from './overrides.ts'
import { withSecrets } from './secrets.ts'
import { ServiceRows } from './service-rows.ts'
import { openStore } from './store.ts'

/**
 * Starts a server that listens when the promise resolves.
 * @param input the configuration with the names of the documentation, or one that was resolved before
 * @throws ConfigError with every problem, each as `path: reason`
 */
export async function createServer<const S extends readonly Service[] = readonly []>(
  input?: ConfigInput<S[number]> | Config,
  overrides: Overrides<S> = {},
): Promise<FanfareServer> {
  const { random = systemRandom, clock = systemClock, brokers = {}, services = [] } = overrides
  const config = withinOpenFiles(withSecrets(configure(input, { services, brokers: Object.keys(brokers) }), random))
  const log = calmLog(overrides.log ?? logOfProcess(config), clock)
  const server = hostOf(config, { clock, random, log, brokers, parent: overrides.parent ?? parentOf(config) })
  try {
    await server.start(services)
    if (overrides.listen !== false) await server.listen()
  } catch (error) {
    await server.close()
    throw error
  }
  return server
}

/** An application with the I/O of this process. */
function hostOf(config: Config, { clock, random, log, parent, brokers }: Surroundings): FanfareServer {
  const store = parent === undefined ? openStore(config, { clock, log }) : undefined
  const application = new Application(
    { config, parent, brokers, name: hostname() },
    {
      ...{ clock, random, log, store, fetch, connect: connectByWebSocket },
      listen: links => server.http.upgrade('/connection/node', (request, upgrader) => upgradeLink(links, request, upgrader)),
      rows: new ServiceRows(config.store, { clock, random }),
      page: (path, html) => server.http.page(path, fileOf(html)),
      metric: metric => server.metrics.add(metric),
      stats: () => server.ops.rows(),
    },
  )
  const server = new FanfareServer(config, application, store)
  return server
}
