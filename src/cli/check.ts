import { type Config, ConfigError, fleetSchemes, schemeOf } from '../server/config/index.ts'
import { checkSecretsOfParent } from '../server/index.ts'

export type Checked =
  | { readonly ok: true; readonly lines: readonly string[] }
  | { readonly ok: false; readonly problems: readonly string[] }

/** What a start with this configuration would be: its warnings, and a summary. Touches no file but to read a parent's secrets. */
export function checkConfiguration(config: Config): Checked {
  try {
    checkSecretsOfParent(config)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { ok: false, problems: error.problems }
  }
  return { ok: true, lines: [...config.warnings.map(warning => `warning: ${warning}`), summaryOf(config)] }
}

function summaryOf(config: Config): string {
  const { host, port, data, workers, upstreams, development, channel, broker, node } = config
  const isFleet = upstreams.length === 0 && fleetSchemes.some(scheme => scheme === schemeOf(broker))
  const named = channel.namespaces.filter(({ name }) => name !== '').map(({ name }) => name)
  const parts = [
    upstreams.length > 0 ? `a relay of ${upstreams.join(', ')}` : isFleet ? `a node of the fleet over ${broker}` : 'a server',
    `on ${host}:${port}`,
    ...(isFleet ? [`linked to at ${node.address}`] : []),
    ...(workers > 1 ? [`${workers} processes`] : []),
    `data in ${data}`,
    `namespaces: ${named.length === 0 ? 'none' : named.join(', ')}`,
    ...(development ? ['development mode'] : []),
  ]
  return `ok: ${parts.join('; ')}`
}
