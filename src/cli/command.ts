import { systemClock } from '../kit/index.ts'
import { nearest } from '../server/config/index.ts'
import { openApi, version } from '../server/index.ts'
import { type Arguments, type Flag, parseArguments } from './arguments.ts'
import { checkConfiguration } from './check.ts'
import { configurationFlags, readConfiguration } from './configuration.ts'
import { checkHelp, mainHelp, relayHelp, startHelp, tokenHelp } from './help.ts'
import { configurationReference } from './reference.ts'
import { relayDefaults, relayFlags, relayProblems, withOptionNames } from './relay-arguments.ts'
import { exitCodes, type Terminal } from './terminal.ts'
import { checkToken, makeToken, tokenFlags } from './token.ts'

const names = ['start', 'token', 'check', 'relay', 'bench-client', 'docs', 'openapi', 'version']

/** Runs one command line, to its end. @returns the exit code: 0 done, 1 failed, 2 asked for wrongly. */
export function runCommand(args: readonly string[], terminal: Terminal): Promise<number> | number {
  const [name, ...rest] = args
  switch (name) {
    case undefined:
      terminal.out(mainHelp(version))
      return exitCodes.usage
    case '--help':
    case '-h':
    case 'help':
      return rest[0] !== undefined && names.includes(rest[0])
        ? runCommand([rest[0], '--help'], terminal)
        : rest[0] === '--all'
          ? print(rest.slice(1), () => mainHelp(version, true), terminal)
          : print(rest, () => mainHelp(version), terminal)
    case '--version':
    case '-v':
    case 'version':
      return print(rest, () => `${version}\n`, terminal)
    case 'docs':
      return print(rest, configurationReference, terminal)
    case 'openapi':
      return print(rest, () => `${JSON.stringify(openApi(), null, 2)}\n`, terminal)
    case 'start':
      return runStart(rest, terminal)
    case 'token':
      return runToken(rest, terminal)
    case 'check':
      return runCheck(rest, terminal)
    case 'bench-client':
      return import('./bench-client.ts').then(({ runBenchClient }) => runBenchClient(rest))
    case 'relay':
      return runRelay(rest, terminal)
    default:
      return unknownCommand(name, terminal)
  }
}

function unknownCommand(name: string, terminal: Terminal): number {
  const meant = nearest(name, names)
  return refuse([`${name}: unknown command${meant === undefined ? '' : `, did you mean "${meant}"?`}`], terminal)
}

function refuse(problems: readonly string[], terminal: Terminal, code: number = exitCodes.usage): number {
  terminal.err(`${problems.join('\n')}\n`)
  return code
}

/** Reads a command's flags; help and mistakes are answered here. */
function argumentsOf(
  args: readonly string[],
  flags: readonly Flag[],
  help: () => string,
  terminal: Terminal,
): Extract<Arguments, { kind: 'given' }> | number {
  const read = parseArguments(args, flags)
  switch (read.kind) {
    case 'given':
      return read
    case 'help':
      terminal.out(help())
      return exitCodes.done
    case 'wrong':
      return refuse(read.problems, terminal)
  }
}

/** Of a command that takes no flags. */
function print(args: readonly string[], text: () => string, terminal: Terminal): number {
  const given = argumentsOf(args, [], () => mainHelp(version), terminal)
  if (typeof given === 'number') return given
  terminal.out(text())
  return exitCodes.done
}

async function runStart(args: readonly string[], terminal: Terminal): Promise<number> {
  const given = argumentsOf(args, configurationFlags, startHelp, terminal)
  if (typeof given === 'number') return given
  const resolution = readConfiguration(given.values, terminal.env)
  if (!resolution.ok) return refuse(resolution.problems, terminal)
  if (resolution.config.upstreams.length > 0) return refuse(['upstream: makes it a relay, which "fanfare relay" starts'], terminal)
  // Loaded late: the other commands do without pages and services.
  const { start } = await import('./start.ts')
  return start(resolution.config, terminal)
}

async function runRelay(args: readonly string[], terminal: Terminal): Promise<number> {
  const given = argumentsOf(args, [...relayFlags, ...configurationFlags], relayHelp, terminal)
  if (typeof given === 'number') return given
  const resolution = readConfiguration(withOptionNames(given.values), terminal.env, relayDefaults)
  if (!resolution.ok) return refuse(resolution.problems, terminal)
  const problems = relayProblems(resolution.config)
  if (problems.length > 0) return refuse(problems, terminal)
  const { relay } = await import('./relay.ts')
  return relay(resolution.config, terminal)
}

/** Says what is wrong with a configuration, or what a server with it would be, and starts nothing. */
function runCheck(args: readonly string[], terminal: Terminal): number {
  const given = argumentsOf(args, [...relayFlags, ...configurationFlags], checkHelp, terminal)
  if (typeof given === 'number') return given
  const resolution = readConfiguration(withOptionNames(given.values), terminal.env)
  if (!resolution.ok) return refuse(resolution.problems, terminal)
  const checked = checkConfiguration(resolution.config)
  if (!checked.ok) return refuse(checked.problems, terminal)
  terminal.out(`${checked.lines.join('\n')}\n`)
  return exitCodes.done
}

async function runToken(args: readonly string[], terminal: Terminal): Promise<number> {
  const given = argumentsOf(args, [...tokenFlags, ...configurationFlags], tokenHelp, terminal)
  if (typeof given === 'number') return given
  const resolution = readConfiguration(given.values, terminal.env)
  if (!resolution.ok) return refuse(resolution.problems, terminal)
  const token = given.values.get('check')
  if (token !== undefined) {
    const { isGood, line } = await checkToken(resolution.config, token, systemClock)
    terminal.out(`${line}\n`)
    return isGood ? exitCodes.done : exitCodes.failed
  }
  const made = await makeToken(resolution.config, given.values, systemClock)
  if (!made.ok) return refuse(made.problems, terminal)
  terminal.out(`${made.token}\n`)
  return exitCodes.done
}
