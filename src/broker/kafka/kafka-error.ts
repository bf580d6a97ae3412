import { protocolErrors, protocolErrorsCodesById } from '@platformatic/kafka'

/** Something about the brokers that the start cannot go on with. `path` names the option that it is about. */
export class KafkaError extends Error {
  override readonly name = 'KafkaError'

  constructor(
    readonly path: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** Kafka's own name of an error code. */
export function errorName(code: number): string {
  const names: Readonly<Record<number, string>> = protocolErrorsCodesById
  return names[code] ?? `UNKNOWN_${code}`
}

/** Whether the same request may succeed later. */
export function isPassing(code: number): boolean {
  const known: Readonly<Record<string, { readonly canRetry: boolean }>> = protocolErrors
  return known[errorName(code)]?.canRetry ?? false
}

interface Problem {
  readonly path: string
  readonly reason: string
  /** Whether it is worth to try again without a change of configuration. */
  readonly isPassing: boolean
}

/** What is wrong with a connection, by all that its error and their causes say. */
export function problemOf(error: unknown): Problem {
  const said = chainOf(error)
  const text = said.map(({ message }) => message).join('\n')
  const codes = new Set(said.flatMap(({ code, apiId }) => [code, apiId]))
  for (const { when, ...problem } of known) {
    if (when.some(word => codes.has(word) || text.includes(word))) return { ...problem, isPassing: false }
  }
  if (text.includes('Connection closed'))
    return { path: 'broker', reason: 'it closed the connection: it may ask for a user name, or for TLS', isPassing: true }
  const deepest = said.findLast(({ message }) => message !== '')?.message
  return { path: 'broker', reason: deepest ?? 'it does not answer', isPassing: true }
}

const known = [
  { path: 'broker', reason: 'the broker speaks TLS at this port: kafkas://', when: ['Broker requires TLS.'] },
  {
    path: 'kafka.password',
    reason: 'the broker does not accept the user name and the password',
    when: ['SASL_AUTHENTICATION_FAILED', 'PLT_KFK_AUTHENTICATION_FAILED', 'SASL authentication failed.'],
  },
  { path: 'kafka.username', reason: 'the broker asks for no user name at this port', when: ['ILLEGAL_SASL_STATE'] },
  {
    path: 'kafka.mechanism',
    reason: 'the broker does not offer this mechanism',
    when: ['UNSUPPORTED_SASL_MECHANISM'],
  },
  {
    path: 'kafka.tls.ca',
    reason: "the broker's certificate is not of an authority that is trusted",
    when: [
      'SELF_SIGNED_CERT_IN_CHAIN',
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      'UNABLE_TO_GET_ISSUER_CERT',
    ],
  },
  { path: 'kafka.tls.ca', reason: "the broker's certificate has expired", when: ['CERT_HAS_EXPIRED'] },
  {
    path: 'kafka.tls.servername',
    reason: "the broker's certificate is made out to another name",
    when: ['ERR_TLS_CERT_ALTNAME_INVALID'],
  },
  { path: 'kafka.tls.cert', reason: 'the broker asks for a certificate', when: ['certificate required', 'CERTIFICATE_REQUIRED'] },
  {
    path: 'broker',
    reason: 'the broker does not speak TLS at this port',
    when: ['TLS handshake failed', 'WRONG_VERSION_NUMBER', 'ERR_SSL_WRONG_VERSION_NUMBER'],
  },
  {
    path: 'kafka.username',
    reason: 'this user may not do that',
    when: ['CLUSTER_AUTHORIZATION_FAILED', 'TOPIC_AUTHORIZATION_FAILED'],
  },
] as const

interface Said {
  readonly message: string
  readonly code: string
  readonly apiId: string
}

function chainOf(error: unknown): readonly Said[] {
  const found: Said[] = []
  const seen = new Set<unknown>()
  const visit = (at: unknown) => {
    if (!(at instanceof Error) || seen.has(at)) return
    seen.add(at)
    found.push({ message: at.message, code: word(at, 'code'), apiId: word(at, 'apiId') })
    visit(at.cause)
    const inner: unknown = Reflect.get(at, 'errors')
    if (Array.isArray(inner)) for (const each of inner) visit(each)
  }
  visit(error)
  return found
}

function word(error: Error, name: string): string {
  const value: unknown = Reflect.get(error, name)
  return typeof value === 'string' ? value : ''
}
