import { dlopen, FFIType, ptr } from 'bun:ffi'
import { expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import { defaultLimits } from '../../src/hub/index.ts'
import { FetchedStream, startServer, TcpClient } from '../kit/index.ts'

const { i32, ptr: pointer } = FFIType
const { symbols: libc } = dlopen('libc.so.6', {
  getsockopt: { args: [i32, i32, i32, pointer, pointer], returns: i32 },
  getsockname: { args: [i32, pointer, pointer], returns: i32 },
})
const [socketLevel, acceptsConnections, tcp, userTimeout] = [1, 30, 6, 18]

function optionOf(descriptor: number, level: number, name: number): number | undefined {
  const value = new Int32Array(1)
  return libc.getsockopt(descriptor, level, name, ptr(value), ptr(new Uint32Array([4]))) === 0 ? value[0] : undefined
}

function portOf(descriptor: number): number | undefined {
  const address = new DataView(new ArrayBuffer(28))
  return libc.getsockname(descriptor, ptr(address), ptr(new Uint32Array([28]))) === 0 ? address.getUint16(2) : undefined
}

/** What the system has of the connections that a port of this process has accepted. */
function acceptedAt(port: number): number[] {
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter(descriptor => portOf(descriptor) === port && optionOf(descriptor, socketLevel, acceptsConnections) === 0)
}

test('[E42] the system gives up a connection whose other end acknowledges nothing: with its heartbeat a stream that vanished is gone within a minute', async () => {
  const channel = { namespaces: [{ name: 'a', allow_subscribe_for_client: true, allow_subscribe_for_anonymous: true }] }
  await using server = await startServer({ channel, client: { allow_anonymous_connect_without_token: true } })
  using stream = new FetchedStream(`${server.url}/sse?channel=a:1`)
  await stream.opened()
  using _ = await TcpClient.upgrade(server.wsUrl, [{ id: 1, connect: {} }])
  const accepted = acceptedAt(Number(new URL(server.url).port))
  expect(accepted).toHaveLength(2)
  for (const descriptor of accepted) {
    const patienceMs = optionOf(descriptor, tcp, userTimeout) ?? 0
    expect(patienceMs).toBeGreaterThan(0)
    expect(patienceMs + defaultLimits.sseHeartbeatMs).toBeLessThan(60_000)
    expect(patienceMs).toBeGreaterThan(defaultLimits.stalledMs)
  }
})
