import { type Config, createLog, createServer, type FanfareServer, logFormat, version } from '../server/index.ts'
import { banner } from './banner.ts'
import homePage from './home/home.html'
import { cannotStart, firstSignal, serveUntil } from './serve.ts'
import { shipped } from './shipped.ts'
import type { Terminal } from './terminal.ts'

/** Serves until a signal, then drains. A second signal ends the process at once. */
export async function start(config: Config, terminal: Terminal): Promise<number> {
  const format = logFormat(config, terminal.isTerminal)
  const log = createLog({ level: config.log.level, format, color: terminal.color, write: terminal.out })
  const stop = firstSignal(terminal)
  let server: FanfareServer
  try {
    server = await createServer(config, { log, services: shipped, listen: false })
    server.page('/', homePage)
    await server.listen()
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return cannotStart(error, config, terminal)
  }
  if (format === 'pretty') terminal.out(banner(config, server.url, version, terminal.color, server.application.navigation))
  for (const warning of server.config.warnings) log.warn({}, warning)
  if (config.development) log.warn({ data: config.data }, 'development mode: generated secrets, guests may log in, this machine only')
  return serveUntil(stop, server, config, log)
}
