/** A part of a file: both ends count. */
export interface ByteRange {
  readonly from: number
  readonly to: number
}

/** The store of the bytes of files: a folder, or a store with the S3 API. The server chooses keys of letters, digits, `_`, `-` and `.`. */
export interface FileStore {
  /** Keeps all of a stream, or nothing of it. Resolves when it is durable; what was there under the key is replaced. */
  put(key: string, bytes: ReadableStream<Uint8Array>): Promise<void>
  /** All of a file or a part of it, as it is asked for; undefined where there is none. Nothing of it is read before. */
  get(key: string, range?: ByteRange): Promise<ReadableStream<Uint8Array> | undefined>
  /** Of what is not there nothing is left to do. */
  delete(key: string): Promise<void>
}

/** @throws RangeError for a key that could name anything else than a file of its own */
export function checkKey(key: string): string {
  if (!/^[\w-][\w.-]{0,127}$/.test(key)) throw new RangeError(`not the key of a file: ${JSON.stringify(key)}`)
  return key
}
