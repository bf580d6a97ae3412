import { type Config, createLog, createServer, logFormat, version } from '../server/index.ts'
import { cannotStart, firstSignal, serveUntil } from './serve.ts'
import { exitCodes, type Terminal } from './terminal.ts'

/** Relays until a signal, then drains. Until a parent has been found it does not listen: a signal ends that as well. */
export async function relay(config: Config, terminal: Terminal): Promise<number> {
  const log = createLog({
    level: config.log.level,
    format: logFormat(config, terminal.isTerminal),
    color: terminal.color,
    write: terminal.out,
  })
  const stop = firstSignal(terminal)
  for (const warning of config.warnings) log.warn({}, warning)
  log.info({ upstreams: config.upstreams, region: config.region, version }, 'looking for a node upstream')
  try {
    const server = await Promise.race([createServer(config, { log }), stop])
    if (typeof server !== 'number') {
      for (const warning of server.config.warnings) if (!config.warnings.includes(warning)) log.warn({}, warning)
      return await serveUntil(stop, server, config, log)
    }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return cannotStart(error, config, terminal)
  }
  log.info({}, 'stopped')
  return exitCodes.done
}
