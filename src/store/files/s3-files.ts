import { S3Client } from 'bun'
import { type ByteRange, checkKey, type FileStore } from './file-store.ts'

export interface S3Options {
  readonly bucket: string
  /** Of the service, such as `https://s3.eu-central-1.amazonaws.com` or `http://127.0.0.1:9000`. */
  readonly endpoint: string
  readonly region?: string | undefined
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** In front of every key, so that several may share a bucket: `chat/`. */
  readonly prefix?: string | undefined
}

/** Of a part that is sent at once. S3 takes no smaller ones but the last, and ten thousand of them at most. */
const partBytes = 8 * 1024 * 1024
/** Parts of a file that are on their way together: a fast line is kept busy, and memory bounded. */
const partsAtOnce = 2
const retries = 3

/** Files in a bucket of a store that speaks S3. A put shows whole or not at all, as S3 has it. */
export class S3Files implements FileStore {
  readonly #client: S3Client

  constructor(readonly options: S3Options) {
    const { bucket, endpoint, region, accessKeyId, secretAccessKey } = options
    this.#client = new S3Client({ bucket, endpoint, accessKeyId, secretAccessKey, ...(region === undefined ? {} : { region }) })
  }

  async put(key: string, bytes: ReadableStream<Uint8Array>): Promise<void> {
    await this.#client.write(this.#nameOf(key), new Response(bytes), { partSize: partBytes, queueSize: partsAtOnce, retry: retries })
  }

  async get(key: string, range?: ByteRange): Promise<ReadableStream<Uint8Array> | undefined> {
    const file = this.#client.file(this.#nameOf(key))
    if (!(await file.exists())) return undefined
    return range === undefined ? file.stream() : file.slice(range.from, range.to + 1).stream()
  }

  async delete(key: string): Promise<void> {
    await this.#client.delete(this.#nameOf(key))
  }

  #nameOf(key: string): string {
    return `${this.options.prefix ?? ''}${checkKey(key)}`
  }
}
