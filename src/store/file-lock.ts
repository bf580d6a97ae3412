import { Database } from 'bun:sqlite'
import { mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { SqlError } from './sql-error.ts'

/** A file that another process keeps to itself. */
export class InUseError extends Error {
  /** @param pid as far as that process has said */
  constructor(
    readonly path: string,
    readonly pid: number | undefined,
  ) {
    super(`${path} is in use by ${pid === undefined ? 'another process' : `process ${pid}`}`)
  }
}

/**
 * Keeps a file for one server, whichever folder name or link leads to it. The lock is the kernel's, taken by SQLite on a file beside it: it
 * ends with its process however that ends, so none is ever stale, and it holds between containers that share a folder. The process is
 * noted in a third file, for people.
 */
export class FileLock {
  readonly #database: Database

  /** @throws InUseError, SqlError `unavailable` where the folder cannot be used */
  constructor(path: string) {
    const place = placeOf(path)
    const note = `${place}.pid`
    try {
      this.#database = new Database(`${place}.lock`, { create: true })
    } catch (error) {
      throw unavailable(path, error)
    }
    try {
      this.#database.run('begin exclusive')
    } catch (error) {
      this.#database.close()
      if (Reflect.get(Object(error), 'code') === 'SQLITE_BUSY') throw new InUseError(path, notedIn(note))
      throw unavailable(path, error)
    }
    writeNote(note)
  }

  release(): void {
    this.#database.close()
  }
}

/** One name for one file. @throws SqlError `unavailable` */
function placeOf(path: string): string {
  try {
    mkdirSync(dirname(path), { recursive: true })
    const folder = realpathSync(dirname(path))
    try {
      return realpathSync(path)
    } catch {
      // It is not there yet.
      return join(folder, basename(path))
    }
  } catch (error) {
    throw unavailable(path, error)
  }
}

function unavailable(path: string, error: unknown): SqlError {
  return new SqlError('unavailable', `${path} cannot be opened: ${error instanceof Error ? error.message : error}`, { cause: error })
}

function notedIn(note: string): number | undefined {
  try {
    const pid = Number(readFileSync(note, 'utf8'))
    return Number.isInteger(pid) && pid > 0 ? pid : undefined
  } catch {
    return undefined
  }
}

/** The lock holds without it, so a disk that is full stops no start. */
function writeNote(note: string): void {
  try {
    writeFileSync(note, `${process.pid}\n`)
  } catch {
    return
  }
}
