import type { Config, FanfareServer } from '../server/index.ts'
import { sportsService } from '../services/sports/index.ts'

/** Puts every service that ships on the server. */
export async function mountServices(server: FanfareServer, { demo }: Config): Promise<void> {
  await server.mount(host => sportsService(host, demo.enabled ? { demo: { speed: demo.speed } } : {}))
}
