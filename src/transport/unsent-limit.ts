import { dlopen, FFIType, ptr } from 'bun:ffi'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type { Log } from '../hub/index.ts'

const tcp = 6
/** `TCP_NOTSENT_LOWAT` of linux/tcp.h. */
const notSentLowWater = 25
/** Bytes that the kernel takes from us beyond what is under way to the client. What browsers' servers use. */
const unsentBytes = 16_384
/** The state `LISTEN` in `/proc/net/tcp`. */
const listening = '0A'

/**
 * Lets the kernel hold little that it cannot send yet, on every connection that a port accepts from now on. Without it a slow reader's
 * socket swallows megabytes: memory that no limit of ours sees, and minutes of age that no conflation can undo. Bun does not hand out
 * sockets, so the listening one is found by its port among our own descriptors; accepted connections inherit the option. Linux alone;
 * elsewhere connections work as the system has them.
 */
export function limitUnsent(port: number, log: Log): void {
  if (process.platform !== 'linux') return
  try {
    for (const descriptor of listeningDescriptors(port)) setOption(descriptor)
  } catch (error) {
    log.debug({ err: error }, 'the unsent bytes of connections could not be limited')
  }
}

function setOption(descriptor: number): void {
  const libc = dlopen('libc.so.6', {
    setsockopt: { args: [FFIType.i32, FFIType.i32, FFIType.i32, FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
  })
  const value = new Int32Array([unsentBytes])
  libc.symbols.setsockopt(descriptor, tcp, notSentLowWater, ptr(value), value.byteLength)
  libc.close()
}

/** Our descriptors that listen on a port. */
function listeningDescriptors(port: number): number[] {
  const inodes = new Set(['/proc/self/net/tcp', '/proc/self/net/tcp6'].flatMap(table => listeningInodes(table, port)))
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter(descriptor => inodes.has(inodeOf(descriptor)))
}

function listeningInodes(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return readFileSync(table, 'utf8')
    .split('\n')
    .map(line => line.trim().split(/\s+/))
    .filter(([, local = '', , state]) => state === listening && local.endsWith(suffix))
    .map(columns => columns[9] ?? '')
}

/** The inode of a socket; '' for anything else, and for a descriptor that was closed while we looked. */
function inodeOf(descriptor: number): string {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${descriptor}`))?.[1] ?? ''
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw error
  }
}
