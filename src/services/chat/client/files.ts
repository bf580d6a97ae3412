import * as z from 'zod/mini'
import { type Clock, Semaphore } from '../../../kit/index.ts'
import type { FileLink, UploadedFile } from '../model/file.ts'
import type { InboxState } from '../model/wire.ts'
import { uploadedSchema } from './answers.ts'
import type { Changes } from './changes.ts'
import { ChatError, readError } from './chat-error.ts'
import type { Caller, ConnectionOptions } from './connection.ts'
import { limits } from './limits.ts'
import type { OutboxEntry, OutboxFile } from './outbox.ts'

interface Running {
  readonly abort: AbortController
  /** Bytes of files of the message that have left, and of all of them. */
  sent: number
  readonly total: number
}

/** The files of messages: how far one's own have left, and where those of all can be had. */
export class ChatFiles {
  readonly #base: string
  readonly #running = new Map<string, Running>()
  readonly #uploads = new Semaphore(limits.uploadsAtOnce)
  readonly #links = new Map<string, FileLink>()
  readonly #wanted = new Set<string>()

  /** What this device has just sent need not be loaded again. */
  readonly #own = new Map<string, Blob>()
  #token: Promise<string> | undefined
  #asking: Promise<void> | undefined
  #bytesMax: number | undefined

  constructor(
    readonly options: Pick<ConnectionOptions, 'url' | 'token' | 'getToken'>,
    readonly caller: Caller,
    readonly clock: Clock,
    readonly changes: Changes,
  ) {
    this.#base = options.url.replace(/^ws/, 'http').replace(/\/connection\/websocket(?=$|[?#]).*$/, '')
  }

  /** Bytes of the largest file that the server takes; undefined until it has said so, 0 where messages carry no files. */
  get bytesMax(): number | undefined {
    return this.#bytesMax
  }

  learn({ limits: told }: Pick<InboxState, 'limits'>): void {
    this.#bytesMax = told?.file_bytes ?? 0
  }

  /** How much of a message's files has left, from 0 to 1; undefined where none is on its way. */
  progress(cid: string): number | undefined {
    const running = this.#running.get(cid)
    return running && (running.total === 0 ? 1 : running.sent / running.total)
  }

  /** A file that this device has sent a moment ago. */
  own(id: string): Blob | undefined {
    return this.#own.get(id)
  }

  /** Where a file can be had without a token, for some minutes; undefined until the server has said so, of which a change of kind `files` tells. */
  urlOf(id: string, form: 'whole' | 'small' | 'save' = 'whole'): string | undefined {
    const link = this.#links.get(id)
    if (link === undefined || link.expires - this.clock.now() < limits.linkLeftMs) this.#want(id)
    if (link === undefined || link.expires <= this.clock.now()) return undefined
    const path = form === 'small' ? link.path.replace('?', '/small?') : form === 'save' ? `${link.path}&save` : link.path
    return `${this.#base}${path}`
  }

  /** The same, once the server has said it; undefined where it cannot be asked. */
  async link(id: string, form: 'whole' | 'small' | 'save' = 'whole'): Promise<string | undefined> {
    this.#want(id)
    await this.#asking
    return this.urlOf(id, form)
  }

  /** A link did not work: the next one is asked for anew. */
  forgetLink(id: string): void {
    this.#links.delete(id)
  }

  /** Uploads what of an entry has not been, a few at a time. @returns its files. @throws ChatError */
  async send(entry: OutboxEntry): Promise<readonly OutboxFile[]> {
    const { cid, conversation, files = [] } = entry
    const abort = new AbortController()
    const running: Running = { abort, sent: 0, total: files.reduce((sum, file) => sum + file.size, 0) }
    this.#running.set(cid, running)
    const told = () => this.changes.note({ kind: 'progress', conversation, cid })
    try {
      return await this.#uploads.run(() => this.#sendAll(files, running, told))
    } finally {
      this.#running.delete(cid)
      told()
    }
  }

  async #sendAll(files: readonly OutboxFile[], running: Running, told: () => void): Promise<readonly OutboxFile[]> {
    const done: OutboxFile[] = []
    for (const file of files) {
      const before = running.sent
      const tell = (bytes: number) => {
        running.sent = before + bytes
        told()
      }
      done.push({ ...file, uploaded: file.uploaded ?? (await this.#upload(file, running.abort.signal, tell)) })
      running.sent = before + file.size
    }
    return done
  }

  /** Nobody wants it any more. */
  abort(cid: string): void {
    this.#running.get(cid)?.abort.abort()
  }

  close(): void {
    for (const { abort } of this.#running.values()) abort.abort()
  }

  async #upload(file: OutboxFile, signal: AbortSignal, progress: (bytes: number) => void): Promise<UploadedFile> {
    if (file.size > (this.#bytesMax ?? Number.POSITIVE_INFINITY))
      throw new ChatError({ code: 413, reason: 'too_large', text: `a file may have ${this.#bytesMax} bytes` }, false)
    const request = { url: `${this.#base}/chat/uploads/${encodeURIComponent(file.cid)}`, body: file.blob, signal, progress }
    const uploaded = await this.#authorized(token => upload({ ...request, token }))
    this.#own.set(uploaded.id, file.blob)
    const [oldest] = this.#own.keys()
    if (this.#own.size > limits.ownFilesMax && oldest !== undefined) this.#own.delete(oldest)
    return uploaded
  }

  /** A token that has ended is asked for once more. */
  async #authorized<T>(act: (token: string | undefined) => Promise<T>): Promise<T> {
    const { token, getToken } = this.options
    if (token !== undefined || getToken === undefined) return act(token)
    this.#token ??= getToken()
    const tried = this.#token
    try {
      return await act(await tried)
    } catch (error) {
      if (!(error instanceof ChatError) || ![101, 109].includes(error.code)) throw error
      // Another upload may have asked already.
      if (this.#token === tried) this.#token = getToken()
      return act(await this.#token)
    }
  }

  /** Links that are wanted in the same turn are asked for together. */
  #want(id: string): void {
    if (this.#wanted.has(id)) return
    this.#wanted.add(id)
    this.#asking ??= this.#ask()
  }

  async #ask(): Promise<void> {
    await Promise.resolve()
    const wanted = [...this.#wanted]
    try {
      for (let from = 0; from < wanted.length; from += limits.linksMax) {
        const { links } = await this.caller.call('chat.links', { files: wanted.slice(from, from + limits.linksMax) })
        for (const link of links) this.#links.set(link.file, link)
      }
      this.changes.note({ kind: 'files' })
    } catch (error) {
      // There is no connection: whoever shows it asks again when there is one.
      if (!(error instanceof ChatError)) throw error
    } finally {
      for (const id of wanted) this.#wanted.delete(id)
      this.#asking = this.#wanted.size > 0 ? this.#ask() : undefined
    }
  }
}

export interface UploadRequest {
  readonly url: string
  readonly token: string | undefined
  readonly body: Blob
  readonly signal: AbortSignal
  /** How many bytes have left. */
  readonly progress: (bytes: number) => void
}

interface UploadAnswer {
  readonly status: number
  readonly text: string
}

const refusalSchema = z.object({ error: z.object({ code: z.number(), message: z.string(), temporary: z.optional(z.boolean()) }) })

/** Sends the bytes of a file. @throws ChatError */
async function upload(request: UploadRequest): Promise<UploadedFile> {
  const { status, text } = await (typeof XMLHttpRequest === 'undefined' ? byFetch(request) : byXhr(request))
  const body = parsed(text)
  const uploaded = uploadedSchema.safeParse(body)
  if (status === 200 && uploaded.success) return uploaded.data
  const refusal = refusalSchema.safeParse(body)
  // A proxy in front answers without a code of ours: what it has no room for stays too large, and what it cannot reach comes back.
  const { code, message, temporary } = refusal.success
    ? refusal.data.error
    : { code: status, message: status === 413 ? 'too_large' : 'unreadable' }
  throw readError({ code: Math.max(100, code), message, temporary: temporary === true || status >= 500 || status === 0 })
}

/** Nothing else in a browser tells how far it has come. */
function byXhr({ url, token, body, signal, progress }: UploadRequest): Promise<UploadAnswer> {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest()
    xhr.open('PUT', url)
    if (token !== undefined) xhr.setRequestHeader('Authorization', `Bearer ${token}`)
    xhr.setRequestHeader('Content-Type', 'application/octet-stream')
    xhr.upload.onprogress = ({ loaded }) => progress(Math.min(loaded, body.size))
    xhr.onload = () => resolve({ status: xhr.status, text: xhr.responseText })
    xhr.onerror = () => reject(offline())
    xhr.onabort = () => reject(offline())
    signal.addEventListener('abort', () => xhr.abort())
    if (signal.aborted) reject(offline())
    else xhr.send(body)
  })
}

async function byFetch({ url, token, body, signal, progress }: UploadRequest): Promise<UploadAnswer> {
  const headers: Record<string, string> = { 'Content-Type': 'application/octet-stream' }
  if (token !== undefined) headers.Authorization = `Bearer ${token}`
  try {
    const response = await fetch(url, { method: 'PUT', headers, body, signal })
    progress(body.size)
    return { status: response.status, text: await response.text() }
  } catch {
    throw offline()
  }
}

function offline(): ChatError {
  return new ChatError({ code: 0, reason: 'offline', text: '' }, true)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
