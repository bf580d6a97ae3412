import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FleetNode } from '../engines/fleet/fleet-node.ts'

const size = '24m'
const filler = 'filler'
const chunkBytes = 64 * 1024
const isRoot = process.getuid?.() === 0

/** Mounts a small file system on its first argument, then becomes what follows. */
const mountFirst = `mount -t tmpfs -o size=${size} fanfare "$1" && shift && exec "$@"`

/** A disk of a node that is so small that it can be filled. It outlives the node only where root mounts it. */
export class SmallDisk implements Disposable {
  constructor(readonly folder: string) {
    mkdirSync(folder, { recursive: true })
    if (isRoot) mount('mount', '-t', 'tmpfs', '-o', `size=${size}`, 'fanfare', folder)
  }

  /** What goes before the node's command. */
  get within(): string[] {
    return isRoot ? [] : ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', mountFirst, 'sh', this.folder]
  }

  /** Leaves not a byte. */
  fill(node: FleetNode): void {
    const file = this.#fillerOf(node)
    for (let bytes = chunkBytes; bytes >= 1; bytes = Math.floor(bytes / 16)) {
      const chunk = Buffer.alloc(bytes)
      try {
        for (;;) writeFileSync(file, chunk, { flag: 'a' })
      } catch (error) {
        if (Reflect.get(Object(error), 'code') !== 'ENOSPC') throw error
      }
    }
  }

  empty(node: FleetNode): void {
    rmSync(this.#fillerOf(node), { force: true })
  }

  [Symbol.dispose](): void {
    if (isRoot) mount('umount', '--lazy', this.folder)
  }

  #fillerOf(node: FleetNode): string {
    return join(isRoot ? this.folder : `/proc/${node.pid}/root${this.folder}`, filler)
  }
}

/** Those of runs that were killed. */
export function unmountLeftovers(parent: string): void {
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n')
  for (const folder of mounts.map(line => line.split(' ')[1] ?? '').filter(path => path.startsWith(`${parent}/`)))
    mount('umount', '--lazy', folder)
}

function mount(...command: readonly string[]): void {
  const done = Bun.spawnSync([...command])
  if (!done.success) throw new Error(`${command.join(' ')}: ${done.stderr}`)
}
