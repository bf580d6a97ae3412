import { isIP } from 'node:net'
import type { Log } from '../hub/index.ts'
import { type Config, ConfigError, DataInUseError, type FanfareServer, StartError, version } from '../server/index.ts'
import { SqlError } from '../store/index.ts'
import { exitCodes, type Terminal } from './terminal.ts'

/** Says where it listens, waits for the signal, and drains. */
export async function serveUntil(stop: Promise<number>, server: FanfareServer, config: Config, log: Log): Promise<number> {
  log.info({ url: server.url, version }, 'listening')
  const signal = await stop
  log.info({ signal, drainMs: config.shutdown.timeoutMs }, 'draining; a second signal ends it at once')
  await server.drain()
  await server.close()
  log.info({}, 'stopped')
  return exitCodes.done
}

/** The first signal's number. A second one ends the process at once. */
export function firstSignal(terminal: Terminal): Promise<number> {
  return new Promise(resolve => {
    let asked = false
    terminal.onSignal(number => {
      if (asked) terminal.exit(128 + number)
      asked = true
      resolve(number)
    })
  })
}

/** Of a name that cannot be resolved Bun says whatever error came last in the process. */
function isNoAddress(code: unknown, host: string): boolean {
  return code === 'EADDRNOTAVAIL' || code === 'EINVAL' || isIP(host.replaceAll(/[[\]]/g, '')) === 0
}

export function cannotStart(error: Error, config: Config, terminal: Terminal): number {
  if (error instanceof ConfigError) {
    terminal.err(`${error.message}\n`)
    return exitCodes.usage
  }
  const code: unknown = Reflect.get(error, 'code')
  if (code === 'EADDRINUSE')
    terminal.err(`port: ${config.port} is taken on ${config.host}; choose another with --port, or 0 for a free one\n`)
  else if (code === 'EACCES' && config.port < 1024)
    terminal.err(`port: ${config.port} needs more rights; choose one from 1024 on with --port\n`)
  else if (Reflect.get(error, 'syscall') === 'listen' && isNoAddress(code, config.host))
    terminal.err(`host: ${JSON.stringify(config.host)} is no address of this machine; give one that is, or 0.0.0.0 for all of them\n`)
  else if (error instanceof DataInUseError || error instanceof StartError) terminal.err(`${error.message}\n`)
  else if (error instanceof SqlError && error.reason === 'unavailable') terminal.err(`store: ${error.message}\n`)
  else terminal.err(`cannot start: ${error.stack ?? error.message}\n`)
  return exitCodes.failed
}
