import type { ServiceFactory } from '../server/index.ts'
import { sportsService } from '../services/sports/index.ts'
import { homeService } from './home/home-service.ts'

/** Every service that ships, as `fanfare start` puts them on a server. */
export const services: readonly ServiceFactory[] = [
  homeService,
  (server, { demo, store }) => sportsService(server, { path: store.path, ...(demo.enabled ? { demo: { speed: demo.speed } } : {}) }),
]
