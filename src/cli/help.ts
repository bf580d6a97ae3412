import { fileVariable, type Option } from '../server/config/index.ts'
import { columns } from './columns.ts'
import { options as shipped } from './shipped.ts'
import { tokenFlags } from './token.ts'

const commands = [
  ['fanfare start [options]', 'everything on one port'],
  ['fanfare token --user ID [options]', 'prints a token that lets a client in'],
  ['fanfare token --check TOKEN', 'says whether a server would take it, and why not'],
  ['fanfare check [options]', 'says what is wrong with a configuration, and starts nothing'],
  ['fanfare relay --upstream ADDRESS [options]', 'an edge or regional node of another server'],
  ['fanfare bench-client [options]', 'load for measuring a server'],
  ['fanfare docs', 'prints the configuration reference as Markdown'],
  ['fanfare openapi', 'prints the server API in OpenAPI, as JSON'],
  ['fanfare version', 'prints the version'],
]

const sources = `Options come from flags, FANFARE_* variables and a JSON file, in that order.`

/** Options by the heading they stand under: their first part, and the options of namespaces apart. */
export function sections(): Map<string, Option[]> {
  const namespaces = /^channel\.(without_namespace|namespaces\[\])(?=\.)/
  return Map.groupBy(shipped.all, ({ path }) => namespaces.exec(path)?.[0] ?? (path.includes('.') ? (path.split('.')[0] ?? '') : ''))
}

/** Not an option of the schema: it names the file that holds the others. */
const configLine: Option = {
  path: 'config',
  type: 'file',
  preset: 'none',
  variable: fileVariable,
  meaning: 'JSON file with any of the options, nested by the dots in their names.',
  read: text => text,
}

function optionLines(options: readonly Option[]): string[] {
  const rows = options.map(({ path, type, preset, variable }) => [`  --${path}`, type, preset ?? 'required', variable ?? ''])
  return columns(rows).flatMap((line, index) => [line, `      ${options[index]?.meaning.replaceAll('`', '')}`])
}

function optionHelp(): string {
  const parts = [...sections()].flatMap(([heading, options]) => {
    const own = [...(heading === '' ? [configLine] : []), ...options.filter(option => !option.path.includes('[]'))]
    return own.length === 0 ? [] : [[heading === '' ? 'server' : heading, ...optionLines(own), ''].join('\n')]
  })
  return [sources, 'Each line: option, type, default, variable.', '', ...parts].join('\n')
}

/** What most people set, of everything that can be. */
const usual: ReadonlySet<string> = new Set([
  'host',
  'port',
  'data',
  'store',
  'workers',
  'services',
  'demo',
  'client.token.hmac_secret_key',
  'client.allowed_origins',
  'http_api.key',
])

function usualOptions(): string {
  const options = [configLine, ...shipped.all.filter(({ path }) => usual.has(path))]
  const rest =
    '`fanfare help start` lists every option, `fanfare help COMMAND` those of a command, and docs/configuration.md explains them.'
  return [sources, 'Each line: option, type, default, variable.', '', ...optionLines(options), '', rest.replaceAll('`', ''), ''].join('\n')
}

/** @param isWhole with every option of `start`, and not with those alone that most people set */
export function mainHelp(version: string, isWhole = false): string {
  const usage = columns(commands.map(([usage, meaning]) => [`  ${usage}`, meaning ?? '']))
  return [
    `fanfare ${version}: one self-hosted server for real-time updates`,
    '',
    'Commands',
    ...usage,
    '',
    'Options of start',
    '',
    isWhole ? optionHelp() : usualOptions(),
  ].join('\n')
}

export function startHelp(): string {
  return ['Usage: fanfare start [options]', '', optionHelp()].join('\n')
}

export function checkHelp(): string {
  const rest = [
    'Reads the options of start, or of relay where --upstream is given, from flags, FANFARE_* variables and the file that --config names.',
    'Ends with 0 where a server would start with them, and with 2 where it would not, saying every reason. It opens no port and writes no file.',
  ]
  return ['Usage: fanfare check [options]', '', ...rest, ''].join('\n')
}

export function relayHelp(): string {
  const rows = [
    ['--upstream', 'Addresses of parents like ws://parent:7400, tried in order, separated by commas.'],
    ['--node-secret', 'Secret that nodes show each other: the one of the parent (also FANFARE_NODE_SECRET).'],
    ['--region', 'Where this node is, for those who operate it.'],
    ['--port', 'Port to listen on; 7410 unless said otherwise.'],
    ['--data', 'On the machine of a parent in development mode: its data folder, which has the secrets.'],
  ]
  const rest =
    'Tokens are checked here, so give the secrets of the parent. Channels, services and pages are the parent’s. Every option of start is taken.'
  return [
    'Usage: fanfare relay --upstream ADDRESS[,ADDRESS] [options]',
    '',
    ...columns(rows.map(([name = '', meaning = '']) => [`  ${name}`, meaning])),
    '',
    rest,
    '',
  ].join('\n')
}

export function tokenHelp(): string {
  const rows = tokenFlags.map(({ name, type, preset }) => [`  --${name}`, type, preset ?? (name === 'user' ? 'required' : 'none')])
  const lines = columns(rows).flatMap((line, index) => [line, `      ${tokenFlags[index]?.meaning.replaceAll('`', '')}`])
  const rest = 'The secret is that of the server: give the same --config, --data or FANFARE_* variables. Every option of start is taken.'
  return ['Usage: fanfare token --user ID [--channel NAME] [options]', '', ...lines, '', rest, ''].join('\n')
}
