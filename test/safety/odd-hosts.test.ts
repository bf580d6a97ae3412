import { expect, test } from 'bun:test'
import { connect } from 'node:net'
import { testServer, tokenSecret } from '../kit/index.ts'

/** The first line of what a server answers to a request with this host. */
function answerTo(port: number, host: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`))
    socket.on('data', chunk => {
      resolve(chunk.toString().split('\r\n')[0] ?? '')
      socket.destroy()
    })
    socket.on('error', reject)
  })
}

test('[F170] a host that makes no URL is the fault of who sent it, on every path', async () => {
  const server = await testServer({ client: { token: { hmac_secret_key: tokenSecret } } })
  const port = Number(new URL(server.url).port)
  for (const host of ['[', '[::1', 'x:99999', 'x:y', '1.2.3.4.5', '%zz', 'xn--']) {
    for (const path of ['/sse?channel=a', '/readyz', '/rpc/none', '/connection/websocket'])
      expect([host, path, await answerTo(port, host, path)]).toEqual([host, path, 'HTTP/1.1 400 Bad Request'])
  }
})
