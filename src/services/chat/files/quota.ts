import { CommandError } from '../../../protocol/index.ts'
import type { Queries } from '../../../service.ts'
import { chatErrors } from '../model/wire.ts'
import type { FileBounds } from '../options/index.ts'
import { bytesOf, bytesOfAll } from '../store/index.ts'
import { limits } from './limits.ts'

/** How much is kept, and how much may still come: what is on its way counts as if it were here. */
export class Quota {
  readonly #arriving = new Map<string, { bytes: number; count: number }>()
  #arrivingBytes = 0
  #arrivingCount = 0
  /** Of all users, as it was counted last and changed since. */
  #kept: number | undefined

  constructor(
    readonly queries: Queries,
    readonly bounds: Pick<FileBounds, 'userBytesMax' | 'allBytesMax'>,
  ) {}

  /** Makes room. @returns what gives it back. @throws CommandError 413 where there is none, 429 where too many are on their way */
  async reserve(user: string, bytes: number): Promise<() => void> {
    const own = this.#arriving.get(user) ?? { bytes: 0, count: 0 }
    if (own.count >= limits.uploadsPerUserMax || this.#arrivingCount >= limits.uploadsMax)
      throw new CommandError({ ...chatErrors.rateLimited, retryAfterMs: 1_000 }, 'too many uploads at once')
    this.#arriving.set(user, own)
    const add = (sign: 1 | -1) => {
      own.bytes += sign * bytes
      own.count += sign
      this.#arrivingBytes += sign * bytes
      this.#arrivingCount += sign
      if (own.count === 0) this.#arriving.delete(user)
    }
    add(1)
    try {
      await this.#check(user, own.bytes)
    } catch (error) {
      add(-1)
      throw error
    }
    return () => add(-1)
  }

  /** So much was kept, or less than nothing where it was deleted. */
  changed(bytes: number): void {
    if (this.#kept !== undefined) this.#kept += bytes
  }

  async recount(): Promise<void> {
    this.#kept = await bytesOfAll(this.queries)
  }

  async #check(user: string, arriving: number): Promise<void> {
    const { userBytesMax, allBytesMax } = this.bounds
    if (this.#kept === undefined) await this.recount()
    if ((await bytesOf(this.queries, user)) + arriving > userBytesMax)
      throw new CommandError(chatErrors.quotaExceeded, `your files may take ${userBytesMax} bytes`)
    if ((this.#kept ?? 0) + this.#arrivingBytes > allBytesMax)
      throw new CommandError(chatErrors.quotaExceeded, 'this server keeps as many files as it may')
  }
}
