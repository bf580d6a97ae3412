import { ConfigError, defineService, type Service, type ServiceHost } from '../../service.ts'
import { sportsNamespace } from './namespace.ts'
import type { SportsOptions } from './service.ts'
import { sportsTables } from './store.ts'
import gamesPage from './web/games.html'
import matchPage from './web/match.html'

const pages = { '/sports': gamesPage, '/sports/:id': matchPage }

/** Live matches as they ship: games in rows, recordings and the demo as configured. */
export const sports = defineService({
  name: 'sports',
  namespaces: [sportsNamespace],
  migrations: sportsTables,
  pages,
  nav: 'Sports',
  about:
    'Live matches: score and clock at once, statistics and commentary when there is room. A match page follows a restart without a reload.',
  async start(host) {
    const { demo } = host
    await startWith(host, { ...(demo === undefined ? {} : { demo }), replays: await replaysOf(host.feeds) })
  },
})

/** Live matches with other recordings. */
export function sportsWith(options: SportsOptions = {}): Service {
  return defineService({
    name: 'sports',
    namespaces: [sportsNamespace],
    migrations: sportsTables,
    pages,
    start: host => startWith(host, options),
  })
}

/** Loaded late: commands that only read the options do without. */
async function startWith(host: ServiceHost, options: SportsOptions): Promise<void> {
  const { startSports } = await import('./service.ts')
  await startSports(host, options)
}

/** @throws ConfigError where a file cannot be read as a recorded match */
async function replaysOf(feeds: ServiceHost['feeds']): Promise<NonNullable<SportsOptions['replays']>> {
  const { openRecording } = await import('./feeds/open-recording.ts')
  return feeds.map(({ path, speed }, index) => {
    try {
      return { recording: openRecording(path), pace: { speed } }
    } catch (error) {
      if (!(error instanceof Error)) throw error
      throw new ConfigError([`feed[${index}]: ${error.message}`])
    }
  })
}
