import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Random, randomId } from '../../kit/index.ts'
import { type ByteRange, checkKey, type FileStore } from './file-store.ts'

/** Only the server's own user reads what users keep. */
const folderMode = 0o700
const fileMode = 0o600

/** Uploads in progress, beside the stored files. They are worthless once the process has ended. */
const arriving = 'arriving'

/** Files in a folder of this machine, in 256 folders by what their keys end with. */
export class FolderFiles implements FileStore {
  private constructor(
    readonly folder: string,
    readonly random: Random,
  ) {}

  /** Makes the folder, and clears what an earlier process did not finish. */
  static async open(folder: string, random: Random): Promise<FolderFiles> {
    await rm(join(folder, arriving), { recursive: true, force: true })
    await mkdir(join(folder, arriving), { recursive: true, mode: folderMode })
    return new FolderFiles(folder, random)
  }

  async put(key: string, bytes: ReadableStream<Uint8Array>): Promise<void> {
    const path = this.#pathOf(key)
    const draft = join(this.folder, arriving, randomId(this.random))
    try {
      await writeWhole(draft, bytes)
      await mkdir(dirname(path), { recursive: true, mode: folderMode })
      await rename(draft, path)
    } catch (error) {
      await rm(draft, { force: true })
      throw error
    }
    await syncFolder(dirname(path))
  }

  async get(key: string, range?: ByteRange): Promise<ReadableStream<Uint8Array> | undefined> {
    const file = Bun.file(this.#pathOf(key))
    if (!(await file.exists())) return undefined
    return range === undefined ? file.stream() : file.slice(range.from, range.to + 1).stream()
  }

  async delete(key: string): Promise<void> {
    await rm(this.#pathOf(key), { force: true })
  }

  #pathOf(key: string): string {
    return join(this.folder, Bun.hash.crc32(checkKey(key)).toString(16).padStart(8, '0').slice(-2), key)
  }
}

/** Writes a new file that its owner alone reads, as the stream comes. @throws where it is there, or the disk has no room */
export async function writeWhole(path: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(path, 'wx', fileMode)
  try {
    for await (const chunk of bytes)
      for (let at = 0; at < chunk.byteLength; ) at += (await file.write(chunk, at, chunk.byteLength - at)).bytesWritten
    await file.sync()
  } finally {
    await file.close()
  }
}

/** A name is durable when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
