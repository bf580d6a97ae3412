import { ConfigError, defineService, type Service, type ServiceHost } from '../../service.ts'
import { sportsNamespace } from './namespace.ts'
import type { SportsOptions } from './service.ts'
import gamesPage from './web/games.html'
import matchPage from './web/match.html'

const pages = { '/sports': gamesPage, '/sports/:id': matchPage }

/** Live matches as they ship: games in the SQLite file of this machine, recordings and the demo as configured. */
export const sports = defineService({
  name: 'sports',
  namespaces: [sportsNamespace],
  pages,
  nav: 'Sports',
  about:
    'Live matches: score and clock at once, statistics and commentary when there is room. A match page follows a restart without a reload.',
  async start(host) {
    const { demo, store } = host
    await startWith(host, { path: store.path, ...(demo === undefined ? {} : { demo }), replays: await replaysOf(host.feeds) })
  },
})

/** Live matches with other recordings, in a file of their own unless it is the store's. */
export function sportsWith(options: Partial<SportsOptions> = {}): Service {
  return defineService({
    name: 'sports',
    namespaces: [sportsNamespace],
    pages,
    start: host => startWith(host, { path: host.store.path, ...options }),
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
