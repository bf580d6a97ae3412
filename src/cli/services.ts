import { type Config, ConfigError, type ServiceFactory, storeTarget } from '../server/index.ts'
import { chatService, openFiles, openPushes } from '../services/chat/index.ts'
import { openRecording, type SportsOptions, sportsService } from '../services/sports/index.ts'
import { openSql } from '../store/index.ts'
import { homeService } from './home/home-service.ts'

/** Every service that ships, as `fanfare start` puts them on a server. */
export const services: readonly ServiceFactory[] = [
  homeService,
  (server, { store, demo, feeds }) =>
    sportsService(server, { path: store.path, ...(demo.enabled ? { demo: { speed: demo.speed } } : {}), replays: replaysOf(feeds) }),
  (server, config) =>
    chatService(server, {
      openSql: () => openSql(storeTarget(config.store), { clock: server.clock, random: server.random }),
      bounds: config.chat,
      openFiles: () => openFiles(config, server.random),
      openPushes: surroundings => openPushes(config, surroundings),
    }),
]

/** @throws ConfigError where a file cannot be read as a recorded match */
function replaysOf(feeds: Config['feeds']): NonNullable<SportsOptions['replays']> {
  return feeds.map(({ path, speed }, index) => {
    try {
      return { recording: openRecording(path), pace: { speed } }
    } catch (error) {
      if (!(error instanceof Error)) throw error
      throw new ConfigError([`feed[${index}]: ${error.message}`])
    }
  })
}
