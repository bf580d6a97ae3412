import { readdirSync, readFileSync } from 'node:fs'

/** What a server takes from the machine, read from outside, for the process and everything it started. */
export interface Usage {
  /** User and system time of all threads, in microseconds; the kernel gives it in steps of 10 ms. */
  readonly cpuUs: number
  /** Resident memory in bytes. */
  readonly residentBytes: number
}

const tickUs = 10_000

export function usageOf(pid: number): Usage {
  let cpuUs = 0
  let residentBytes = 0
  for (const member of family(pid)) {
    cpuUs += cpuUsOf(member)
    residentBytes += residentBytesOf(member)
  }
  return { cpuUs, residentBytes }
}

/**
 * Memory that the kernel holds for all connections of the machine, in bytes: TCP buffers (`mem` of `/proc/net/sockstat`, in pages) and its own
 * structures (`Slab` of `/proc/meminfo`, which holds those of everything else too, so that only a difference says something).
 */
export function kernelBytes(): number {
  const pages = /^TCP:.* mem (\d+)/m.exec(read('/proc/net/sockstat'))?.[1] ?? '0'
  const slabKilobytes = /^Slab:\s+(\d+) kB/m.exec(read('/proc/meminfo'))?.[1] ?? '0'
  return Number(pages) * 4096 + Number(slabKilobytes) * 1024
}

/** The process and its descendants. */
export function family(pid: number): number[] {
  const members = [pid]
  for (const task of listing(`/proc/${pid}/task`)) {
    const children = read(`/proc/${pid}/task/${task}/children`)
    for (const child of children.split(' ')) if (child !== '') members.push(...family(Number(child)))
  }
  return members
}

/** The command's name stands in parentheses and may hold spaces, so fields are counted from behind it: utime and stime are the 14th and 15th. */
function cpuUsOf(pid: number): number {
  const stat = read(`/proc/${pid}/stat`)
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * tickUs
}

function residentBytesOf(pid: number): number {
  const kilobytes = /^Rss:\s+(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? '0'
  return Number(kilobytes) * 1024
}

/** A process that is gone has used nothing. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function listing(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}
