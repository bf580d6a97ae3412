import { type Config, ConfigError, createLog, createServer, type FanfareServer, logFormat, version } from '../server/index.ts'
import { banner } from './banner.ts'
import { services } from './services.ts'
import { exitCodes, type Terminal } from './terminal.ts'

/** Serves until a signal, then drains. A second signal ends the process at once. */
export async function start(config: Config, terminal: Terminal): Promise<number> {
  const format = logFormat(config, terminal.isTerminal)
  const log = createLog({ level: config.log.level, format, color: terminal.color, write: terminal.out })
  const stop = firstSignal(terminal)
  let server: FanfareServer
  try {
    server = await createServer(config, { log, services })
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return cannotStart(error, config, terminal)
  }
  if (format === 'pretty') terminal.out(banner(config, server.url, version, terminal.color))
  for (const warning of config.warnings) log.warn({}, warning)
  if (config.development) log.warn({ data: config.data }, 'development mode: made-up secrets, guests may log in, this machine only')
  log.info({ url: server.url, version }, 'listening')
  const signal = await stop
  log.info({ signal, drainMs: config.shutdown.timeoutMs }, 'draining; a second signal ends it at once')
  await server.drain()
  await server.close()
  log.info({}, 'stopped')
  return exitCodes.done
}

function firstSignal(terminal: Terminal): Promise<number> {
  return new Promise(resolve => {
    let asked = false
    terminal.onSignal(number => {
      if (asked) terminal.exit(128 + number)
      asked = true
      resolve(number)
    })
  })
}

function cannotStart(error: Error, config: Config, terminal: Terminal): number {
  if (error instanceof ConfigError) {
    terminal.err(`${error.message}\n`)
    return exitCodes.usage
  }
  const code: unknown = Reflect.get(error, 'code')
  if (code === 'EADDRINUSE')
    terminal.err(`port: ${config.port} is taken on ${config.host}; choose another with --port, or 0 for a free one\n`)
  else if (code === 'EACCES' && config.port < 1024)
    terminal.err(`port: ${config.port} needs more rights; choose one from 1024 on with --port\n`)
  else terminal.err(`cannot start: ${error.stack ?? error.message}\n`)
  return exitCodes.failed
}
