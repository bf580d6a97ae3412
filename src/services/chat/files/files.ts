import { CommandError, errors } from '../../../protocol/index.ts'
import type { FileStore, RateLimit, ServiceHost, Sql } from '../../../service.ts'
import { limits as chatLimits } from '../limits.ts'
import type { FileLink } from '../model/file.ts'
import { isLine } from '../model/text.ts'
import { chatErrors } from '../model/wire.ts'
import type { FileBounds } from '../options/index.ts'
import { fileFor, forgetFile, takeDue } from '../store/index.ts'
import { limits } from './limits.ts'
import { FileLinks } from './links.ts'
import { Quota } from './quota.ts'
import { serveFile } from './serving.ts'
import { smallKey, Uploads } from './uploads.ts'

/** The store of files, and its limits. */
export interface FileSettings {
  readonly store: FileStore
  /** A folder of this machine for what is on its way. Nothing else may be in it. */
  readonly spool: string
  readonly bounds: FileBounds
}

/** The files of messages: they come by `PUT /chat/uploads/<cid>`, are sent by `chat.send`, and are had from `/chat/files/<id>`. */
export class Files {
  readonly links: FileLinks
  readonly #uploads: Uploads
  readonly #quota: Quota
  readonly #rates: RateLimit
  #saidAt = Number.NEGATIVE_INFINITY
  #sweeping: Promise<void> | undefined
  #following: Promise<void> | undefined

  constructor(
    readonly server: ServiceHost,
    readonly sql: Sql,
    readonly settings: FileSettings,
    linkKey: string,
  ) {
    const { clock, random } = server
    const { bounds } = settings
    this.links = new FileLinks(linkKey)
    this.#quota = new Quota(sql, bounds)
    this.#rates = server.rate(limits.readRate)
    const failed = (error: unknown) => this.#complain(error, 'a file could not be kept')
    this.#uploads = new Uploads({ ...settings, rates: server.rate(bounds.uploadRate), sql, quota: this.#quota, clock, random, failed })
  }

  async start(): Promise<void> {
    await this.#uploads.start()
    const { server } = this
    server.route('PUT', '/chat/uploads/:cid', async (request, { cid = '' }, address) => {
      const { user, headers } = await server.caller(request, address)
      if (user === '') throw new CommandError(errors.unauthorized, 'chat is between users')
      if (!isLine(user, chatLimits.nameMax) || !/^[\w.:-]{1,64}$/.test(cid))
        throw new CommandError(errors.badRequest, 'cid: letters, digits and "_.:-"')
      return Response.json(await this.#uploads.receive(user, cid, request), { headers })
    })
    server.route('GET', '/chat/files/:id', (request, { id = '' }, address) => this.#give(request, id, 'whole', address))
    server.route('GET', '/chat/files/:id/small', (request, { id = '' }, address) => this.#give(request, id, 'small', address))
  }

  close(): void {
    this.#uploads.close()
  }

  link(user: string, file: string): FileLink {
    return { file, ...this.links.issue(user, file, this.server.clock.now()) }
  }

  /** Deletes what is due. Never fails: what could not be deleted is tried again. */
  sweep(): Promise<void> {
    // The one under way may have looked before this became due: it is followed by one more, for all who ask meanwhile.
    if (this.#sweeping !== undefined) {
      this.#following ??= this.#sweeping.then(() => {
        this.#following = undefined
        return this.sweep()
      })
      return this.#following
    }
    this.#sweeping = this.#sweep().finally(() => {
      this.#sweeping = undefined
    })
    return this.#sweeping
  }

  async sweepAll(): Promise<void> {
    await this.sweep()
    await this.#quota.recount()
  }

  async #sweep(): Promise<void> {
    try {
      for (;;) {
        const due = await takeDue(this.sql, this.server.clock.now(), limits.sweptAtOnce)
        for (const { id, size, small } of due) {
          await this.settings.store.delete(id)
          if (small > 0) await this.settings.store.delete(smallKey(id))
          await forgetFile(this.sql, id)
          this.#quota.changed(-size - small)
        }
        if (due.length < limits.sweptAtOnce) return
      }
    } catch (error) {
      this.#complain(error, 'a file could not be deleted')
    }
  }

  /** To whoever may see a message that carries it. To all others there is no such file. */
  async #give(request: Request, id: string, form: 'whole' | 'small', address: string): Promise<Response> {
    const { clock } = this.server
    const { searchParams } = new URL(request.url)
    const ticket = searchParams.get('t')
    const caller = ticket === null ? await this.server.caller(request, address) : undefined
    const user = caller?.user ?? this.links.userOf(ticket ?? '', id, clock.now()) ?? ''
    if (user === '') throw noSuchFile()
    this.#rates.spend(user)
    const file = await fileFor(this.sql, user, id)
    if (file === undefined) throw noSuchFile()
    const response = await serveFile(this.settings.store, file, { form, isSaved: searchParams.has('save') }, request)
    for (const [name, value] of Object.entries(caller?.headers ?? {})) response.headers.set(name, value)
    return response
  }

  /** A full disk fails every upload: one line in a while says so. */
  #complain(error: unknown, text: string): void {
    const { clock, log } = this.server
    if (clock.now() - this.#saidAt < limits.logThrottleMs) return
    this.#saidAt = clock.now()
    log.error({ reason: error instanceof Error ? error.message : String(error) }, text)
  }
}

function noSuchFile(): CommandError {
  return new CommandError(chatErrors.notFound, 'no such file')
}
