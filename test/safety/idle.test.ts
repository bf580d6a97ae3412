import { expect, test } from 'bun:test'
import { startServer } from '../kit/index.ts'

test('[F17] who sends half a body and then nothing is cut off, and a quiet event stream is not', async () => {
  await using server = await startServer({
    client: { idle_timeout: '2s' },
    channel: { namespaces: [{ name: 'open', allow_subscribe_for_client: true, allow_subscribe_for_anonymous: true }] },
  })
  const quiet = await fetch(`${server.url}/sse?channel=open:a`)
  const cut = Promise.withResolvers<void>()
  const { port, hostname } = new URL(server.url)
  await Bun.connect({
    hostname,
    port: Number(port),
    socket: {
      open: socket => void socket.write('POST /rpc/any HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{'),
      data: () => undefined,
      close: () => cut.resolve(),
    },
  })
  await cut.promise
  const reader = quiet.body?.getReader()
  const first = await reader?.read()
  expect(first?.done).toBe(false)
  const pending = reader?.read().then(({ done }) => done)
  expect(await Promise.race([pending, Bun.sleep(50).then(() => false)])).toBe(false)
  await reader?.cancel()
})
