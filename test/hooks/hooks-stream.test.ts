import { expect, test } from 'bun:test'
import { testServer } from '../kit/api.ts'
import { BackEnd } from './back-end.ts'

test('[F64] a stream that cannot be opened for the moment tells a browser when to come back, each another time, and everybody else by status', async () => {
  const backEnd = new BackEnd().on('connect', () => new Response('no', { status: 500 }))
  const server = await testServer({ hooks: backEnd.hooks(['connect'], { retries: 0 }) })
  const asBrowser = () => fetch(`${server.url}/sse?channel=a`, { headers: { Accept: 'text/event-stream' } })
  const waits = new Set<number>()
  for (let turn = 0; turn < 5; turn++) {
    const response = await asBrowser()
    const text = await response.text()
    const [, ms] = /^retry: (\d+)\ndata:/.exec(text) ?? []
    expect([response.status, text.slice(text.indexOf('data'))]).toEqual([
      200,
      'data: {"disconnect":{"code":3004,"reason":"internal server error","reconnect":true}}\n\n',
    ])
    waits.add(Number(ms))
  }
  expect(waits.size).toBeGreaterThan(2)
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(1000)
  const response = await fetch(`${server.url}/sse?channel=a`)
  expect([response.status, Number(response.headers.get('retry-after')) > 0]).toEqual([503, true])
})
