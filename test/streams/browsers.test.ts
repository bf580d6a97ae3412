import { expect, test } from 'bun:test'
import { defaultLimits } from '../../src/hub/index.ts'
import { startServer } from '../kit/index.ts'

test('[E47] pages of an allowed host may send the headers that EventSource stand-ins and HTTP libraries add by themselves', async () => {
  await using server = await startServer({ client: { allowed_origins: ['https://good.example'] } })
  const wanted = ['authorization', 'content-type', 'last-event-id', 'cache-control', 'x-requested-with']
  const { status, headers } = await fetch(`${server.url}/sse?channel=a`, {
    method: 'OPTIONS',
    headers: {
      Origin: 'https://good.example',
      'Access-Control-Request-Method': 'GET',
      'Access-Control-Request-Headers': wanted.join(','),
    },
  })
  const allowed = String(headers.get('access-control-allow-headers')).toLowerCase().split(/ *, */)
  expect([status, wanted.filter(name => !allowed.includes(name))]).toEqual([204, []])
})

test('[E48] an idle connection outlasts the minute after which common balancers drop theirs, so that none is closed as a request comes', async () => {
  await using server = await startServer()
  expect(server.node.limits.idleMs).toBe(defaultLimits.idleMs)
  // Those of AWS and nginx are 60 s and 60 s; Bun takes whole seconds, up to 255.
  expect(defaultLimits.idleMs).toBeWithin(65_000, 255_000)
})
