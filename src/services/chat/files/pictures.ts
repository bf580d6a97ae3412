import { join } from 'node:path'
import { z } from 'zod'
import { type Clock, FairQueue } from '../../../kit/index.ts'
import { CommandError } from '../../../protocol/index.ts'
import { chatErrors } from '../model/wire.ts'
import { limits } from './limits.ts'

const script = join(import.meta.dir, 'picture-process.ts')

const developed = z.object({
  type: z.enum(['image/jpeg', 'image/png', 'image/webp']),
  width: z.int().positive(),
  height: z.int().positive(),
})

export type Picture = z.output<typeof developed>

/** Makes pictures anew, one at a time and users by turns, in processes that a broken or malicious picture may end. */
export class Pictures {
  readonly #queue = new FairQueue(limits.developing)
  readonly #running = new Set<{ kill(signal: 'SIGKILL'): void }>()

  constructor(
    readonly clock: Clock,
    readonly failed: (error: unknown) => void,
  ) {}

  /**
   * @param paths the file that was uploaded, and where its picture and its small form go
   * @returns undefined for what cannot be shown: what is left of the files is the caller's
   * @throws CommandError 429 where too many wait
   */
  async develop(user: string, paths: { readonly from: string; readonly to: string; readonly small: string }): Promise<Picture | undefined> {
    const turn = this.#queue.enter(user)
    if (turn === undefined) throw new CommandError({ ...chatErrors.rateLimited, retryAfterMs: 5_000 }, 'too many pictures at once')
    await turn
    try {
      return await this.#run([paths.from, paths.to, paths.small])
    } finally {
      this.#queue.leave(user)
    }
  }

  close(): void {
    for (const child of this.#running) child.kill('SIGKILL')
  }

  async #run(paths: readonly string[]): Promise<Picture | undefined> {
    const child = Bun.spawn([process.execPath, script, ...paths], { stdin: 'ignore', stdout: 'pipe', stderr: 'ignore' })
    this.#running.add(child)
    const timeout = this.clock.after(limits.developMs, () => child.kill('SIGKILL'))
    try {
      const [text, code] = await Promise.all([new Response(child.stdout).text(), child.exited])
      if (code === limits.noRoomCode) throw new Error('there is no room for the picture')
      if (code === limits.noLibraryCode) this.failed(new Error('sharp cannot be loaded: pictures are kept as files'))
      return code === 0 ? developed.parse(JSON.parse(text)) : undefined
    } finally {
      timeout.cancel()
      this.#running.delete(child)
    }
  }
}
