import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, type Random, randomId } from '../../../kit/index.ts'
import { CommandError, errors } from '../../../protocol/index.ts'
import { type FileStore, type RateLimit, type Sql, writeWhole } from '../../../service.ts'
import type { UploadedFile } from '../model/file.ts'
import { chatErrors } from '../model/wire.ts'
import type { FileBounds } from '../options/index.ts'
import { abandonUpload, beginUpload, type FileRow, findUpload, finishUpload, uploadOf } from '../store/index.ts'
import { plainFile, typeOf } from './file-type.ts'
import { limits } from './limits.ts'
import { Pictures } from './pictures.ts'
import type { Quota } from './quota.ts'

export interface UploadsOptions {
  readonly sql: Sql
  readonly store: FileStore
  /** The folder of bytes that are still arriving or being typed. Cleared at the start. */
  readonly spool: string
  readonly bounds: FileBounds
  readonly quota: Quota
  /** Uploads of each user. */
  readonly rates: RateLimit
  readonly clock: Clock
  readonly random: Random
  /** Something could not be kept. */
  failed(error: unknown): void
}

/** A body once it is on the disk. */
interface Arrived extends Pick<FileRow, 'kind' | 'type' | 'size' | 'width' | 'height' | 'small'> {
  readonly path: string
  readonly smallPath: string
}

/** The small form of a picture, beside it in the store. */
export const smallKey = (id: string) => `${id}.small`

/**
 * Takes files from devices: onto the disk in pieces, never whole into memory, then into the store. A row stands for it before its bytes are there, so
 * that nothing in the store is without one; what is interrupted leaves nothing.
 */
export class Uploads {
  readonly #pictures: Pictures

  constructor(readonly options: UploadsOptions) {
    this.#pictures = new Pictures(options.clock, error => options.failed(error))
  }

  async start(): Promise<void> {
    await rm(this.options.spool, { recursive: true, force: true })
    await mkdir(this.options.spool, { recursive: true, mode: 0o700 })
  }

  close(): void {
    this.#pictures.close()
  }

  /**
   * Once for each `cid` of a user: the same again gets the same answer.
   * @throws CommandError 413 too large, or no room for it; 422 nothing in it; 429; 100 where it could not be kept this time
   */
  async receive(user: string, cid: string, request: Request): Promise<UploadedFile> {
    const { sql, bounds, quota } = this.options
    const declared = Number(request.headers.get('content-length') ?? bounds.bytesMax)
    if (!(declared <= bounds.bytesMax)) throw tooLarge(bounds.bytesMax)
    const known = await findUpload(sql, user, cid)
    if (known !== undefined) return this.#again(known, request)
    this.options.rates.spend(user)
    const release = await quota.reserve(user, declared)
    const path = join(this.options.spool, randomId(this.options.random))
    try {
      const arrived = await this.#spool(user, path, request)
      return await this.#keep(user, cid, arrived)
    } catch (error) {
      if (error instanceof CommandError) throw error
      // A client that went away is told nothing; there is nothing to mend.
      if (!request.signal.aborted) this.options.failed(error)
      throw new CommandError(errors.internal, 'the file could not be kept, try again')
    } finally {
      release()
      for (const each of [path, pictureOf(path), smallOf(path)]) await rm(each, { force: true })
    }
  }

  /** The answer to an upload that is there already; what comes is read and dropped, as browsers hear an answer only then. */
  async #again(known: FileRow, { body }: Request): Promise<UploadedFile> {
    for await (const _ of bounded(body, this.options.bounds.bytesMax));
    if (known.ready === 0) throw new CommandError(errors.internal, 'the same file is on its way already')
    return uploadOf(known)
  }

  async #spool(user: string, path: string, { body }: Request): Promise<Arrived> {
    await writeWhole(path, bounded(body, this.options.bounds.bytesMax))
    const { size } = Bun.file(path)
    if (size === 0) throw new CommandError(chatErrors.unprocessable, 'the file is empty')
    const found = await typeOf(await Bun.file(path).slice(0, limits.sniffedBytes).bytes())
    const unseen = { path, smallPath: '', size, width: 0, height: 0, small: 0 }
    if (found.kind !== 'picture') return { ...unseen, ...found }
    const paths = { from: path, to: pictureOf(path), small: smallOf(path) }
    const picture = size > limits.pictureBytesMax ? undefined : await this.#pictures.develop(user, paths)
    if (picture === undefined) return { ...unseen, ...plainFile }
    const [made, small] = [Bun.file(paths.to).size, Bun.file(paths.small).size]
    return { kind: 'picture', ...picture, size: made, small, path: paths.to, smallPath: paths.small }
  }

  async #keep(user: string, cid: string, arrived: Arrived): Promise<UploadedFile> {
    const { sql, store, clock, random, bounds, quota } = this.options
    const { kind, type, size, width, height, small, path, smallPath } = arrived
    const id = randomId(random)
    const row = { id, person: user, kind, type, size, width, height, small }
    if (!(await beginUpload(sql, row, cid, clock.now() + limits.keepingMs))) {
      const other = await findUpload(sql, user, cid)
      if (other?.ready === 1) return uploadOf(other)
      throw new CommandError(errors.internal, 'the same file is on its way already')
    }
    quota.changed(size + small)
    try {
      await store.put(id, Bun.file(path).stream())
      if (small > 0) await store.put(smallKey(id), Bun.file(smallPath).stream())
      if (!(await finishUpload(sql, id, clock.now() + bounds.unsentMs))) throw new Error('it took too long and was swept')
    } catch (error) {
      await abandonUpload(sql, id)
      throw error
    }
    return uploadOf({ ...row, ready: 1 })
  }
}

const pictureOf = (path: string) => `${path}.picture`
const smallOf = (path: string) => `${path}.small`

async function* bounded(body: ReadableStream<Uint8Array> | null, bytesMax: number): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength
    if (bytes > bytesMax) throw tooLarge(bytesMax)
    yield chunk
  }
}

function tooLarge(bytesMax: number): CommandError {
  return new CommandError(chatErrors.tooLarge, `a file may have ${bytesMax} bytes`)
}
