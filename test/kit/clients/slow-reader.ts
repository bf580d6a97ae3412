import { dlopen, FFIType, ptr } from 'bun:ffi'

/**
 * A program that reads from a socket as slowly as it is told, with a receive buffer as small as the system allows, and copies what it read
 * to its output: `slow-reader.ts PORT BYTES_PER_SECOND FIRST_BYTES` with the request on its input. After `FIRST_BYTES`, which are read at
 * once, it keeps to its pace. The runtime's own sockets read whatever is there, so the system's calls are used.
 */
const { i32, u32, u64, i64, ptr: pointer } = FFIType
const { symbols: libc } = dlopen('libc.so.6', {
  socket: { args: [i32, i32, i32], returns: i32 },
  setsockopt: { args: [i32, i32, i32, pointer, u32], returns: i32 },
  connect: { args: [i32, pointer, u32], returns: i32 },
  send: { args: [i32, pointer, u64, i32], returns: i64 },
  recv: { args: [i32, pointer, u64, i32], returns: i64 },
})
const [port = 0, bytesPerSecond = 1024, firstBytes = 0] = process.argv.slice(2).map(Number)
const inet = 2
const stream = 1
const socketLevel = 1
const receiveBuffer = 8
const stepMs = 100

const request = new Uint8Array(await new Response(Bun.stdin.stream()).arrayBuffer())
const descriptor = libc.socket(inet, stream, 0)
libc.setsockopt(descriptor, socketLevel, receiveBuffer, ptr(new Int32Array([2048])), 4)
const address = new Uint8Array([inet, 0, port >> 8, port & 255, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0])
if (libc.connect(descriptor, ptr(address), address.byteLength) !== 0) process.exit(1)
libc.send(descriptor, ptr(request), request.byteLength, 0)

const buffer = new Uint8Array(Math.max(1, Math.round((bytesPerSecond * stepMs) / 1000)))
for (let total = 0; ; ) {
  const read = Number(libc.recv(descriptor, ptr(buffer), buffer.byteLength, 0))
  if (read <= 0) process.exit(0)
  total += read
  await Bun.write(Bun.stdout, buffer.slice(0, read))
  if (total > firstBytes) await Bun.sleep(stepMs)
}
