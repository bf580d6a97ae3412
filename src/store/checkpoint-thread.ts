// The thread of `Checkpoints`: each message is the path of a file whose log is to be moved into it; each is answered when that is done.
import { Database } from 'bun:sqlite'
import { parentPort } from 'node:worker_threads'

parentPort?.on('message', (path: string) => parentPort?.postMessage(checkpoint(path)))

/**
 * As far as nobody has to wait for it. What fails here, such as on a full disk, fails those who write, too, and is tried again.
 * @returns whether it went through
 */
function checkpoint(path: string): boolean {
  try {
    using database = new Database(path, { readwrite: true })
    database.run('pragma wal_checkpoint(passive)')
    return true
  } catch {
    return false
  }
}
