import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { EngineError } from './engine-error.ts'
import { isAlive } from './engine-process.ts'

const lookMs = 200
/** Longer than fetching Kafka over a slow line takes. */
const waitMs = 600_000

/** Runs an action while no other process runs one under the same lock. A lock whose process is gone is nobody's. */
export async function withLock<T>(path: string, action: () => Promise<T>): Promise<T> {
  const end = performance.now() + waitMs
  while (!take(path)) {
    if (performance.now() > end) throw new EngineError(`${path} is held by process ${holderOf(path)}: wait for it, or end it`)
    await Bun.sleep(lookMs)
  }
  try {
    return await action()
  } finally {
    rmSync(path, { force: true })
  }
}

function take(path: string): boolean {
  try {
    const file = openSync(path, 'wx')
    writeSync(file, `${process.pid}`)
    closeSync(file)
    return true
  } catch (error) {
    if (Reflect.get(Object(error), 'code') !== 'EEXIST') throw error
    const holder = holderOf(path)
    if (holder > 0 && !isAlive(holder)) rmSync(path, { force: true })
    return false
  }
}

/** 0 for one who is about to write it. */
function holderOf(path: string): number {
  try {
    return Number(readFileSync(path, 'utf8'))
  } catch (error) {
    if (Reflect.get(Object(error), 'code') === 'ENOENT') return 0
    throw error
  }
}
