import { type Random, randomUuid } from '../../../kit/index.ts'
import type { FileKind, UploadedFile } from '../model/file.ts'
import type { Mention, Wording } from '../model/mentions.ts'
import type { Encrypted } from '../model/wire.ts'
import type { NewMessage, Refusal } from './view.ts'

/** What is to become of a message that the server has: named by its `seq`, or by its `cid` while it is on its way itself. */
export type Amendment = { readonly target: number | string } & (
  | ({ readonly kind: 'edit' } & Wording)
  | { readonly kind: 'delete'; readonly for: 'everyone' | 'me' }
  | { readonly kind: 'react'; readonly emoji: string }
)

/** A file on its way out, with its bytes. What kind it is, is a guess until it was uploaded. */
export interface OutboxFile {
  /** Its own id of the upload, which makes the same file the same however often it is sent. */
  readonly cid: string
  readonly blob: Blob
  readonly name: string
  readonly kind: FileKind
  readonly size: number
  readonly width?: number
  readonly height?: number
  readonly alt?: string
  /** What the server answered. */
  readonly uploaded?: UploadedFile
}

/** A message on its way out, or a change of one, as it is kept until the server has answered. */
export interface OutboxEntry {
  readonly cid: string
  readonly conversation: string
  readonly text?: string
  readonly enc?: Encrypted
  readonly mentions?: readonly Mention[]
  readonly files?: readonly OutboxFile[]
  readonly replyTo?: number
  readonly version?: number
  /** A change of a message rather than a message. */
  readonly amends?: Amendment
  /** Not before this time, so that one can think again; this device's. */
  readonly notBefore?: number
  /** Written anew after it may have been sent: then the server may know it with other words. */
  readonly rewritten?: true
  /** This device's time when it was written. */
  readonly at: number
  /** Rises with each message of the device: what came first is sent first. */
  readonly order: number
  /** Set when the server refused it for good. */
  readonly refusal?: Refusal
}

type Attempt =
  | { readonly kind: 'waiting'; readonly attempts: number; readonly notBefore: number }
  | { readonly kind: 'sending'; readonly attempts: number }

interface Item {
  readonly entry: OutboxEntry
  readonly attempt: Attempt
}

const unsent: Attempt = { kind: 'waiting', attempts: 0, notBefore: 0 }

/** Whether some of its bytes must go before it can. */
export function isToUpload({ files = [] }: OutboxEntry): boolean {
  return files.some(({ uploaded }) => uploaded === undefined)
}

/** What goes one after the other: the messages of a conversation, and the changes of one message. Words do not wait for files that are uploaded. */
export function laneOf(entry: OutboxEntry): string {
  const { conversation, amends, cid } = entry
  if (isToUpload(entry)) return `${conversation} upload ${cid}`
  return amends === undefined ? conversation : `${conversation} ${amends.target}`
}

/** What is to be sent: in each lane one at a time, in the order in which it was written. What was refused for good holds up nothing. */
export class MessageOutbox {
  readonly #items = new Map<string, Item>()
  #revision = 0

  get size(): number {
    return this.#items.size
  }

  /** Rises with every change. */
  get revision(): number {
    return this.#revision
  }

  /** The order of the next entry: behind all others, and by time behind those of other tabs. */
  nextOrder(now: number): number {
    return Math.max(now, ...[...this.#items.values()].map(({ entry }) => entry.order + 1))
  }

  entry(cid: string): OutboxEntry | undefined {
    return this.#items.get(cid)?.entry
  }

  /** Messages, as written. */
  of(conversation: string): OutboxEntry[] {
    return this.#all(conversation).filter(({ amends }) => amends === undefined)
  }

  /** Changes of messages, as they were made. */
  amendmentsOf(conversation: string): OutboxEntry[] {
    return this.#all(conversation).filter(({ amends }) => amends !== undefined)
  }

  /** Whether messages there are to be changed, and the server has not refused that. */
  isChanging(conversation: string): boolean {
    return this.amendmentsOf(conversation).some(({ refusal }) => refusal === undefined)
  }

  /** Whether nobody has tried to send it, or the server has refused it: then it may still say something else. */
  isUntried(cid: string): boolean {
    const item = this.#items.get(cid)
    return item !== undefined && item.attempt.kind === 'waiting' && item.attempt.attempts === 0
  }

  isSending(cid: string): boolean {
    return this.#items.get(cid)?.attempt.kind === 'sending'
  }

  /** Puts another in the place of one that is there. */
  replace(entry: OutboxEntry): void {
    const item = this.#items.get(entry.cid)
    if (item !== undefined) this.#put({ ...item, entry })
  }

  /** Puts it in; one that is already there stays as it is. */
  add(entry: OutboxEntry): void {
    if (!this.#items.has(entry.cid)) this.#put({ entry, attempt: unsent })
  }

  /** What may be sent now: of each lane the first, unless it is on its way or has to wait. */
  due(now: number): OutboxEntry[] {
    return this.#heads()
      .filter(item => item.attempt.kind === 'waiting' && dueTime(item) <= now)
      .map(({ entry }) => entry)
  }

  /** When something that has to wait may go; undefined where nothing waits for time. */
  dueAt(): number | undefined {
    const times = this.#heads().flatMap(item => (item.attempt.kind === 'waiting' ? [dueTime(item)] : []))
    return times.length === 0 ? undefined : Math.min(...times)
  }

  /** It is on its way. @returns how often that was tried before */
  begin(cid: string): number {
    const item = this.#items.get(cid)
    if (item === undefined) return 0
    const { attempts } = item.attempt
    this.#put({ ...item, attempt: { kind: 'sending', attempts: attempts + 1 } })
    return attempts
  }

  /** It did not get through, or nobody knows: it goes again. */
  again(cid: string, notBefore: number): void {
    const item = this.#items.get(cid)
    if (item !== undefined) this.#put({ ...item, attempt: { kind: 'waiting', attempts: item.attempt.attempts, notBefore } })
  }

  /** The link is new: nothing waits for time any longer. */
  hurry(): void {
    for (const item of this.#items.values()) if (item.attempt.kind === 'waiting') this.again(item.entry.cid, 0)
  }

  /** @returns the entry as it is to be kept */
  refuse(cid: string, refusal: Refusal): OutboxEntry | undefined {
    const item = this.#items.get(cid)
    if (item === undefined) return undefined
    const entry = { ...item.entry, refusal }
    this.#put({ entry, attempt: unsent })
    return entry
  }

  /** A refused one is to be sent once more, at the end. @returns the entry as it is to be kept; undefined where none was refused */
  retry(cid: string, now: number): OutboxEntry | undefined {
    const item = this.#items.get(cid)
    if (item?.entry.refusal === undefined) return undefined
    const { refusal: _, ...kept } = item.entry
    const entry = { ...kept, order: this.nextOrder(now) }
    this.#put({ entry, attempt: unsent })
    return entry
  }

  /** The server has it, or nobody wants it any more. @returns whether it was there */
  drop(cid: string): boolean {
    const isThere = this.#items.delete(cid)
    if (isThere) this.#revision++
    return isThere
  }

  #put(item: Item): void {
    this.#items.set(item.entry.cid, item)
    this.#revision++
  }

  #ordered(): Item[] {
    return [...this.#items.values()].toSorted((left, right) => left.entry.order - right.entry.order)
  }

  #heads(): Item[] {
    const heads = new Map<string, Item>()
    const uploading = new Set<string>()
    for (const item of this.#ordered()) {
      const { entry } = item
      if (entry.refusal !== undefined) continue
      const isUploading = isToUpload(entry)
      if (isUploading) uploading.add(entry.conversation)
      // Files come in the order in which they were chosen, however long each takes.
      if (entry.files !== undefined && !isUploading && uploading.has(entry.conversation)) continue
      const lane = laneOf(entry)
      if (!heads.has(lane)) heads.set(lane, item)
    }
    return [...heads.values()]
  }

  #all(conversation: string): OutboxEntry[] {
    if (this.#items.size === 0) return []
    return this.#ordered()
      .map(({ entry }) => entry)
      .filter(entry => entry.conversation === conversation)
  }
}

function dueTime({ entry, attempt }: Item): number {
  return Math.max(entry.notBefore ?? 0, attempt.kind === 'waiting' ? attempt.notBefore : 0)
}

/** A message as it waits to be sent. */
export function newEntry(
  { files, ...message }: NewMessage,
  place: Pick<OutboxEntry, 'cid' | 'conversation' | 'at'>,
  outbox: MessageOutbox,
  random: Random,
): OutboxEntry {
  const entry = { ...message, ...place, order: outbox.nextOrder(place.at) }
  if (files === undefined) return entry
  return { ...entry, files: files.map(file => ({ ...file, cid: randomUuid(random), kind: kindOf(file.blob.type), size: file.blob.size })) }
}

/** What the server is likely to find. */
function kindOf(type: string): FileKind {
  if (/^image\/(?:jpeg|png|webp|gif|avif)$/.test(type)) return 'picture'
  const [family] = type.split('/')
  return family === 'video' || family === 'audio' ? family : 'file'
}
