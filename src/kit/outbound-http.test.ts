import { afterEach, expect, test } from 'bun:test'
import { OutboundHttp, type OutboundResult, UnsendableError } from './outbound-http.ts'
import { SteppedClock } from './stepped-clock.ts'

const servers: { stop(closeActive: boolean): unknown }[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.stop(true)
})

function serve(answer: (request: Request) => Response | Promise<Response>): string {
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: answer })
  servers.push(server)
  return `http://127.0.0.1:${server.port}/`
}

const clock = new SteppedClock()
const newHttp = () => new OutboundHttp({ clock, answerBytesMax: 8 })
const post = (http: OutboundHttp, ...urls: string[]): Promise<OutboundResult> =>
  http.send(1000, async () => urls.map(url => ({ url, headers: {}, body: 'hello' })))

test('[Y101] an answer is read up to its bound, and no redirect is followed', async () => {
  let asked = 0
  const target = serve(() => new Response(`${++asked}`))
  const moved = serve(() => new Response('x'.repeat(9), { status: 302, headers: { Location: target, 'Retry-After': '7' } }))
  expect(await post(newHttp(), moved)).toEqual({
    kind: 'answered',
    answer: { status: 302, retryAfter: '7', text: 'xxxxxxxx', isCut: true },
  })
  expect(asked).toBe(0)
  const echo = serve(async request => new Response(`${request.method} ${(await request.text()).length}`))
  expect(await post(newHttp(), echo)).toMatchObject({ answer: { text: 'POST 5', isCut: false } })
})

test('[Y101] what stalls is given up in time, also while it is prepared, and closing ends what is under way', async () => {
  const reached = Promise.withResolvers<void>()
  const stalling = serve(() => {
    reached.resolve()
    return new Promise<Response>(() => undefined)
  })
  const late = post(newHttp(), stalling)
  await reached.promise
  clock.advance(1000)
  expect(await late).toEqual({ kind: 'unanswered', reason: 'no answer within 1000 ms', isClosing: false })
  const unprepared = newHttp().send(1000, () => new Promise(() => undefined))
  clock.advance(1000)
  expect(await unprepared).toMatchObject({ kind: 'unanswered' })
  const http = newHttp()
  const ended = post(http, stalling)
  http.close()
  expect([await ended, await post(http, stalling)]).toMatchObject([
    { kind: 'unanswered', isClosing: true },
    { kind: 'unanswered', reason: 'the server is closing' },
  ])
})

test('[Y101] the next address is tried where one cannot be reached, and what must not be sent is refused', async () => {
  const gone = serve(() => new Response())
  for (const server of servers.splice(0)) server.stop(true)
  const alive = serve(() => new Response('ok'))
  expect(await post(newHttp(), gone, alive)).toMatchObject({ kind: 'answered', answer: { text: 'ok' } })
  const refused = newHttp().send(1000, async () => {
    throw new UnsendableError('private')
  })
  expect(await refused).toEqual({ kind: 'refused', reason: 'private' })
})
