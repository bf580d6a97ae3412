import { expect, test } from 'bun:test'
import { AuthenticationError, NetworkError, ProtocolError, UserError } from '@platformatic/kafka'
import { problemOf } from './kafka-error.ts'

const failed = (cause: Error) => new NetworkError('Connection to h:1 failed.', { cause })
const coded = (code: string) => Object.assign(new Error('tls'), { code })

test.each([
  ['kafka.password', new AuthenticationError('SASL authentication failed.')],
  [
    'kafka.mechanism',
    new AuthenticationError('Cannot find a suitable SASL mechanism.', { cause: new ProtocolError('UNSUPPORTED_SASL_MECHANISM') }),
  ],
  ['kafka.tls.ca', coded('SELF_SIGNED_CERT_IN_CHAIN')],
  ['kafka.tls.ca', coded('CERT_HAS_EXPIRED')],
  ['kafka.tls.servername', coded('ERR_TLS_CERT_ALTNAME_INVALID')],
  ['broker', new UserError('Broker requires TLS.')],
])('[KF23] what a broker refuses is a problem of the option %s, and is not tried again', (path, cause) => {
  expect(problemOf(new AggregateError([failed(cause)], 'no broker answers'))).toMatchObject({ path, isPassing: false })
})

test('[KF23] a broker that is not there may come', () => {
  expect(problemOf(failed(new Error('connect ECONNREFUSED 127.0.0.1:1')))).toEqual({
    path: 'broker',
    reason: 'connect ECONNREFUSED 127.0.0.1:1',
    isPassing: true,
  })
})
