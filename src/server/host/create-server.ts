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
import { openShared } from './open-shared.ts'
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
  const { random = systemRandom, clock = systemClock, brokers = {}, fleets = {}, services = [] } = overrides
  const known = { services, brokers: Object.keys(brokers), fleets: Object.keys(fleets) }
  const config = withinOpenFiles(withSecrets(configure(input, known), random))
  const log = calmLog(overrides.log ?? logOfProcess(config), clock)
  const parent = overrides.parent ?? parentOf(config)
  const rows = new ServiceRows(config.store, { clock, random })
  const shared = parent === undefined ? await openShared({ config, clock, random, log, rows }, fleets) : undefined
  const server = await made({ shared, rows }, () => hostOf(config, { clock, random, log, brokers, parent, rows, shared }))
  try {
    await server.start(services)
    if (overrides.listen !== false) await server.listen()
  } catch (error) {
    await server.close()
    throw error
  }
  return server
}

/** What is open already goes with a server that cannot be made. */
async function made({ shared, rows }: Pick<Surroundings, 'shared' | 'rows'>, make: () => FanfareServer): Promise<FanfareServer> {
  try {
    return make()
  } catch (error) {
    await rows.close()
    await shared?.fleet.close()
    throw error
  }
}

/** An application with the I/O of this process. */
function hostOf(config: Config, { clock, random, log, parent, brokers, rows, shared }: Surroundings): FanfareServer {
  const store = parent === undefined ? openStore(config, { clock, log }) : undefined
  const place = shared && { ...shared.fleet.place, address: config.node.address ?? '' }
  const application = new Application(
    { config, parent, brokers, fleet: place, name: hostname() },
    {
      ...{ clock, random, log, rows, fetch, connect: connectByWebSocket },
      store: store && { ...store, revocations: shared?.revocations ?? store.revocations },
      listen: links => server.http.upgrade('/connection/node', (request, upgrader) => upgradeLink(links, request, upgrader)),
      page: (path, html) => server.http.page(path, fileOf(html)),
      metric: metric => server.metrics.add(metric),
      stats: () => server.ops.rows(),
    },
  )
  const server = new FanfareServer(config, application, { store, fleet: shared?.fleet })
  return server
}
