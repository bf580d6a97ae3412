import { isIP } from 'node:net'
import { pushLimits } from './limits.ts'

/** Which push services devices may name. */
export interface EndpointRules {
  /** `host`, `*.host`, `host:port`. */
  readonly allowedHosts: readonly string[]
  readonly allowPrivateAddresses: boolean
}

/** What is wrong with the URL of a Web Push service, or undefined. The URL is a stranger's: what it may name is listed, not what it may not. */
export function endpointProblem(endpoint: string, rules: EndpointRules): string | undefined {
  if (endpoint.length > pushLimits.endpointMax) return `is longer than ${pushLimits.endpointMax} characters`
  // The parser drops tabs and line ends and takes backslashes for slashes; what is sent should be what was checked.
  if (!/^[\x21-\x7e]+$/.test(endpoint) || /[\\<>"`^{|}]/.test(endpoint)) return 'must be an absolute https URL of printable ASCII'
  const url = URL.parse(endpoint)
  if (url === null || url.protocol !== 'https:') return 'must be an absolute https URL'
  if (url.username !== '' || url.password !== '' || /^https:\/\/[^/?#]*@/i.test(endpoint)) return 'must not carry credentials'
  if (url.hash !== '') return 'must not carry a fragment'
  const literal = url.hostname.startsWith('[') || isIP(url.hostname) !== 0
  if (literal && !rules.allowPrivateAddresses) return 'must name its host, not an address'
  if (!rules.allowedHosts.some(entry => matches(url, entry.toLowerCase()))) return `the host "${url.host}" is not an allowed push service`
  return undefined
}

function matches({ host, hostname, port }: URL, entry: string): boolean {
  const wanted = port === '' ? '443' : port
  const [, name = '', entryPort = '443'] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? []
  const [named, at] = entry.endsWith(']') ? [entry, '443'] : [name, entryPort]
  if (wanted !== at) return false
  if (named.startsWith('*.')) return hostname.endsWith(named.slice(1)) && hostname.length > named.length - 1
  return hostname === named || host === entry
}
