import type { Server, Service } from '../../server/index.ts'
import homePage from './home.html'

/** The door to everything that `fanfare start` puts on a server. It shows what its services show, so it stands above them. */
export function homeService(server: Server): Service {
  return {
    name: 'home',
    async start() {
      server.page('/', homePage)
    },
    async close() {},
  }
}
