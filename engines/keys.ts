import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { handOver } from './account.ts'
import { EngineError } from './engine-error.ts'
import { programPath } from './programs.ts'

const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
const days = ['-days', '30']

/** A key and its certificate, as paths of PEM files. */
export interface KeyPair {
  readonly key: string
  readonly cert: string
}

/** Keys for engines that are reached by TLS: an authority of their own, a server's for `localhost`, and a client's. */
export class Keys {
  private constructor(
    readonly folder: string,
    /** The certificate of the authority, which clients trust. */
    readonly ca: string,
    readonly server: KeyPair,
    readonly client: KeyPair,
    /** Key and certificate of the server in one file, as Kafka reads them. */
    readonly serverStore: string,
  ) {}

  static make(folder: string): Keys {
    mkdirSync(folder, { recursive: true, mode: 0o755 })
    const ca = { key: join(folder, 'ca.key'), cert: join(folder, 'ca.pem') }
    openssl('req', '-x509', ...curve, ...days, '-keyout', ca.key, '-out', ca.cert, '-subj', '/CN=Fanfare engines')
    const server = signed(folder, 'server', ca, '/CN=localhost', 'subjectAltName=DNS:localhost,IP:127.0.0.1')
    const client = signed(folder, 'client', ca, '/CN=fanfare', 'extendedKeyUsage=clientAuth')
    const serverStore = join(folder, 'server-store.pem')
    writeFileSync(serverStore, readFileSync(server.key, 'utf8') + readFileSync(server.cert, 'utf8'), { mode: 0o600 })
    handOver(folder)
    return new Keys(folder, ca.cert, server, client, serverStore)
  }
}

function signed(folder: string, name: string, ca: KeyPair, subject: string, extension: string): KeyPair {
  const file = (kind: string) => join(folder, `${name}.${kind}`)
  const [key, request, cert, extensions] = [file('key'), file('csr'), file('pem'), file('ext')] as const
  writeFileSync(extensions, extension)
  openssl('req', ...curve, '-keyout', key, '-out', request, '-subj', subject)
  openssl(
    'x509',
    '-req',
    '-in',
    request,
    '-CA',
    ca.cert,
    '-CAkey',
    ca.key,
    '-CAcreateserial',
    ...days,
    '-out',
    cert,
    '-extfile',
    extensions,
  )
  chmodSync(key, 0o600)
  return { key, cert }
}

function openssl(...args: readonly string[]): void {
  const done = Bun.spawnSync([programPath('openssl'), ...args])
  if (!done.success) throw new EngineError(`openssl ${args[0]}: ${done.stderr}`)
}
