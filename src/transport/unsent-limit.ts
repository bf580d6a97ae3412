import { dlopen, FFIType, ptr } from 'bun:ffi'
import { readdirSync } from 'node:fs'
import type { Log } from '../hub/index.ts'

const { i32, u32, ptr: pointer } = FFIType
/** Levels and options of socket(7) and tcp(7). */
const socketLevel = 1
const acceptsConnections = 30
const tcp = 6
/** `TCP_NOTSENT_LOWAT` of linux/tcp.h. */
const notSentLowWater = 25
/**
 * Bytes that the kernel takes from us beyond what is under way to the client. Measured with a reader of 1 KB/s: conflated news is 22 s old
 * with 16 KiB and 11 s with 4 KiB, the rest being in the reader's own buffer; a fast reader takes 50 MB in the same time with either.
 */
const unsentBytes = 4096
/** `TCP_USER_TIMEOUT` of linux/tcp.h. */
const userTimeout = 18
/**
 * Milliseconds for which what was sent may stay unacknowledged before the kernel gives the connection up; its own patience is a quarter of an
 * hour. With a heartbeat each 15 s a viewer who vanished without a word is gone within 45 s.
 */
const unacknowledgedMs = 30_000
const options = [
  [notSentLowWater, unsentBytes],
  [userTimeout, unacknowledgedMs],
] as const
/** `struct sockaddr_in6`; the port stands behind the family, in network order, as it does in `sockaddr_in`. */
const addressBytes = 28

/**
 * Lets the kernel hold little that it cannot send yet, and wait for nobody who has vanished, on every connection that a port accepts from now on. Without it a slow reader's
 * socket swallows megabytes: memory that no limit of ours sees, and minutes of age that no conflation can undo. Bun does not hand out
 * sockets, so the listening one is found by its port among our own descriptors; accepted connections inherit the options. Linux alone;
 * elsewhere connections work as the system has them.
 */
export function limitUnsent(port: number, log: Log): void {
  if (process.platform !== 'linux') return
  try {
    const libc = openLibc()
    // The table of all sockets in /proc would say the same, but takes a third of a second to read where there are a hundred thousand.
    for (const descriptor of readdirSync('/proc/self/fd').map(Number))
      if (libc.isListening(descriptor) && libc.portOf(descriptor) === port) libc.setOptions(descriptor)
    libc.close()
  } catch (error) {
    log.debug({ err: error }, 'the unsent bytes of connections could not be limited')
  }
}

/** The functions of the C library that we need. A descriptor that is no socket, or was closed meanwhile, is not listening. */
function openLibc() {
  const library = dlopen('libc.so.6', {
    setsockopt: { args: [i32, i32, i32, pointer, u32], returns: i32 },
    getsockopt: { args: [i32, i32, i32, pointer, pointer], returns: i32 },
    getsockname: { args: [i32, pointer, pointer], returns: i32 },
  })
  const { setsockopt, getsockopt, getsockname } = library.symbols
  return {
    isListening(descriptor: number): boolean {
      const value = new Int32Array(1)
      getsockopt(descriptor, socketLevel, acceptsConnections, ptr(value), ptr(new Uint32Array([value.byteLength])))
      return value[0] === 1
    },
    portOf(descriptor: number): number {
      const address = new DataView(new ArrayBuffer(addressBytes))
      getsockname(descriptor, ptr(address), ptr(new Uint32Array([addressBytes])))
      return address.getUint16(2)
    },
    setOptions(descriptor: number): void {
      for (const [option, given] of options) {
        const value = new Int32Array([given])
        setsockopt(descriptor, tcp, option, ptr(value), value.byteLength)
      }
    },
    close: () => library.close(),
  }
}
