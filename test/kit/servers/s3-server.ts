import { S3Client } from 'bun'
import { freePort } from '../free-port.ts'
import { pathOf } from '../tools.ts'
import { until } from '../until.ts'
import { Program } from './program.ts'

const keys = { accessKeyId: 'fanfare', secretAccessKey: 'a secret of tests' }

/** A server of a test's own that speaks S3, with one bucket. */
export class S3Server implements AsyncDisposable {
  readonly bucket = 'files'
  readonly keys = keys

  private constructor(
    readonly program: Program,
    readonly endpoint: string,
  ) {}

  static async start(): Promise<S3Server> {
    const port = freePort()
    const endpoint = `http://127.0.0.1:${port}`
    const server = new S3Server(new Program([pathOf('moto'), '-H', '127.0.0.1', '-p', String(port)], {}, '.'), endpoint)
    await until(
      'the server that speaks S3 is there',
      async () => (await fetch(`${endpoint}/moto-api/`).catch(() => undefined))?.ok === true,
    )
    const made = await fetch(`${endpoint}/${server.bucket}`, { method: 'PUT' })
    if (!made.ok) throw new Error(`the bucket was not made: ${await made.text()}`)
    return server
  }

  /** Names of all that is in the bucket. */
  async names(): Promise<string[]> {
    const client = new S3Client({ ...this.keys, endpoint: this.endpoint, bucket: this.bucket })
    return (await client.list()).contents?.map(({ key }) => key) ?? []
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program[Symbol.asyncDispose]()
  }
}
