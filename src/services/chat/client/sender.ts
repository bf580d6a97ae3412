import { backoffMs, type Clock, type Random, type Timer } from '../../../kit/index.ts'
import { type FileReference, fileName } from '../model/file.ts'
import { naming, type Wording } from '../model/mentions.ts'
import type { ChatCommands } from '../model/wire.ts'
import type { ChatCache } from './cache.ts'
import { ChatError, readError } from './chat-error.ts'
import type { Caller } from './connection.ts'
import { limits } from './limits.ts'
import { isToUpload, laneOf, type MessageOutbox, type OutboxEntry, type OutboxFile } from './outbox.ts'
import type { Refusal } from './view.ts'

type Answer = ChatCommands['chat.send']['out']

export interface SenderEvents {
  /** The server has it. Called before it leaves the outbox. */
  sent(entry: OutboxEntry, answer: Answer): void
  /** Sends the bytes of its files, unless it is dropped meanwhile. @returns its files, as the server knows them */
  upload?(entry: OutboxEntry): Promise<readonly OutboxFile[]>
  dropped?(cid: string): void
  /** Changes a message as the entry says. */
  amend(entry: OutboxEntry): Promise<void>
  refused(entry: OutboxEntry, refusal: Refusal): void
  changed(conversation: string): void
}

/**
 * Sends what is in the outbox when there is a connection, and again until the server has answered. The `cid` makes the same message the same
 * wherever and how often it is sent (chat M1); a lock keeps the tabs of one device from doing so at once.
 */
export class Sender {
  readonly #keeping = new Map<string, Promise<boolean>>()
  #timer: Timer | undefined

  constructor(
    readonly outbox: MessageOutbox,
    readonly cache: ChatCache,
    readonly caller: Caller,
    readonly locks: Locks,
    readonly clock: Clock,
    readonly random: Random,
    readonly events: SenderEvents,
  ) {}

  /** What a reload, or another tab that is gone, has left. */
  async restore(): Promise<void> {
    for (const entry of await this.cache.outbox()) {
      if (this.outbox.entry(entry.cid) !== undefined) continue
      this.outbox.add(entry)
      this.#keeping.set(entry.cid, Promise.resolve(true))
      this.events.changed(entry.conversation)
    }
    this.pump()
  }

  /** A full outbox refuses at once. */
  add(entry: OutboxEntry): void {
    if (this.outbox.size >= limits.outboxMax) {
      this.outbox.add(entry)
      this.#refuse(entry, { code: 0, reason: 'outbox_full', text: `${limits.outboxMax} messages wait already` })
      return
    }
    this.outbox.add(entry)
    this.#keep(entry)
    this.events.changed(entry.conversation)
    this.pump()
  }

  retry(cid: string): void {
    const entry = this.outbox.retry(cid, this.clock.now())
    if (entry === undefined) return
    this.#keep(entry)
    this.events.changed(entry.conversation)
    this.pump()
  }

  /** Other words for a message that may still say something else. */
  rewrite(cid: string, { text, mentions }: Wording): void {
    const entry = this.outbox.entry(cid)
    if (entry === undefined) return
    const { mentions: _, ...rest } = entry
    this.outbox.replace({ ...rest, text, ...naming(mentions), rewritten: true })
    this.#put(cid)
  }

  /** The server has the message: what is to become of it names it by its place from now on. */
  settle(conversation: string, cid: string, seq: number): void {
    for (const entry of this.outbox.amendmentsOf(conversation)) {
      if (entry.amends?.target !== cid) continue
      this.outbox.replace({ ...entry, amends: { ...entry.amends, target: seq } })
      if (!this.outbox.isSending(entry.cid)) this.outbox.again(entry.cid, 0)
      this.#put(entry.cid)
    }
    this.pump()
  }

  #put(cid: string): void {
    const entry = this.outbox.entry(cid)
    if (entry === undefined) return
    this.#keep(entry)
    this.events.changed(entry.conversation)
  }

  /** @returns whether it was there */
  drop(cid: string): boolean {
    const entry = this.outbox.entry(cid)
    if (entry === undefined) return false
    this.outbox.drop(cid)
    this.events.dropped?.(cid)
    const kept = this.#keeping.get(cid) ?? Promise.resolve(true)
    this.#keeping.delete(cid)
    void kept.then(() => this.cache.dropOutbox(cid)).catch(reportError)
    this.events.changed(entry.conversation)
    return true
  }

  /** The link is new: what waited for it goes now. */
  hurry(): void {
    this.outbox.hurry()
    this.pump()
  }

  pump(): void {
    this.#timer?.cancel()
    if (!this.caller.isLive) return
    const now = this.clock.now()
    for (const entry of this.outbox.due(now)) {
      const attempts = this.outbox.begin(entry.cid)
      void this.#send(entry, attempts)
    }
    const at = this.outbox.dueAt()
    if (at !== undefined) this.#timer = this.clock.after(Math.max(1, at - now), () => this.pump())
  }

  close(): void {
    this.#timer?.cancel()
  }

  async #send(entry: OutboxEntry, attempts: number): Promise<void> {
    try {
      const isKept = (await this.#keeping.get(entry.cid)) === true
      await this.locks.run(laneOf(entry), () => this.#deliver(entry, isKept))
    } catch (error) {
      this.#failed(entry, readError(error), attempts)
    }
    this.pump()
  }

  async #deliver({ cid }: OutboxEntry, isKept: boolean): Promise<void> {
    // Another tab has sent it meanwhile, written it anew, or discarded it.
    const kept = isKept ? (await this.cache.outbox()).find(other => other.cid === cid) : this.outbox.entry(cid)
    const entry = this.outbox.entry(cid)
    if (entry === undefined) return
    if (kept === undefined) {
      this.drop(cid)
      return
    }
    if (!this.caller.isLive) throw new ChatError({ code: 0, reason: 'offline', text: '' }, true)
    if (isToUpload(kept)) {
      await this.#upload(kept)
      return
    }
    if (entry.amends !== undefined) await this.events.amend(entry)
    else this.events.sent(kept, await this.#post(kept))
    this.drop(cid)
  }

  /** The message goes next, behind those of its conversation that were written before and wait for nothing else. */
  async #upload(entry: OutboxEntry): Promise<void> {
    const files = await this.events.upload?.(entry)
    const now = this.outbox.entry(entry.cid)
    if (now === undefined || files === undefined) return
    this.outbox.replace({ ...now, files })
    this.outbox.again(entry.cid, 0)
    this.#put(entry.cid)
  }

  #post({ cid, conversation, text, enc, mentions, files, replyTo, version }: OutboxEntry): Promise<Answer> {
    return this.caller.call('chat.send', {
      conversation,
      cid,
      ...(text === undefined ? {} : { text }),
      ...(enc === undefined ? {} : { enc }),
      ...(mentions === undefined ? {} : { mentions }),
      ...(files === undefined ? {} : { files: files.flatMap(referenceOf) }),
      ...(replyTo === undefined ? {} : { reply_to: replyTo }),
      ...(version === undefined ? {} : { version }),
    })
  }

  #failed(entry: OutboxEntry, error: ChatError, attempts: number): void {
    if (!error.temporary) {
      this.#refuse(entry, error.refusal)
      return
    }
    const wait = error.retryAfterMs ?? backoffMs(attempts, this.random, limits.sendBackoff)
    this.outbox.again(entry.cid, this.clock.now() + wait)
  }

  /** What somebody wrote stays until they have seen that it was refused; a deletion or a reaction is made again in a moment. */
  #refuse({ cid }: OutboxEntry, refusal: Refusal): void {
    const entry = this.outbox.refuse(cid, refusal)
    if (entry === undefined) return
    if (entry.amends === undefined || entry.amends.kind === 'edit') this.#keep(entry)
    else this.drop(cid)
    this.events.refused(entry, refusal)
    this.events.changed(entry.conversation)
  }

  /** It is sent only after it is kept: what a reload forgets must not have left. Where nothing can be kept it is sent all the same. */
  #keep(entry: OutboxEntry): void {
    const before = this.#keeping.get(entry.cid) ?? Promise.resolve(false)
    const keeping = before
      .then(() => this.cache.putOutbox(entry))
      .then(
        () => true,
        (error: unknown) => {
          reportError(error)
          return false
        },
      )
    this.#keeping.set(entry.cid, keeping)
  }
}

function referenceOf({ name, alt, uploaded }: OutboxFile): FileReference[] {
  return uploaded === undefined ? [] : [{ id: uploaded.id, name: fileName(name), ...(alt === undefined ? {} : { alt }) }]
}

/** Runs one thing at a time under a name, also among the tabs of a browser where it can (Web Locks). */
export class Locks {
  readonly #tails = new Map<string, Promise<void>>()

  constructor(readonly prefix: string) {}

  async run<T>(name: string, body: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(name)
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#tails.set(name, promise)
    await before
    try {
      return await this.#across(name, body)
    } finally {
      if (this.#tails.get(name) === promise) this.#tails.delete(name)
      resolve()
    }
  }

  async #across<T>(name: string, body: () => Promise<T>): Promise<T> {
    const locks = typeof navigator === 'undefined' ? undefined : navigator.locks
    return locks === undefined ? body() : locks.request(`${this.prefix} ${name}`, body)
  }
}
