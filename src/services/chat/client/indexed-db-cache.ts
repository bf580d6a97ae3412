import * as z from 'zod/mini'
import { type CacheBounds, type CachedChat, type ChatCache, cacheBounds, joinCached, MemoryCache, surplus } from './cache.ts'
import type { CachedConversation } from './conversation.ts'
import type { OutboxEntry } from './outbox.ts'

/** Raised when what is kept changes its form: the conversations of an older one are dropped, and loaded again; the outbox is kept. */
const version = 2
const stores = { place: 'place', conversations: 'conversations', outbox: 'outbox' } as const
/** What is written does not wait until all the conversations are saved. */
const outboxAlone = [stores.outbox]
const held = [stores.place, stores.conversations]

/** Only this class writes there, so what is read is checked for its outline alone. */
const conversationSchema = z.custom<CachedConversation>(value => outlineSchema.safeParse(value).success)
const outlineSchema = z.object({ id: z.string(), user: z.string(), patch: z.looseObject({}), used: z.number(), isKept: z.boolean() })
const entrySchema = z.custom<OutboxEntry>(value => entryOutlineSchema.safeParse(value).success)
const entryOutlineSchema = z.object({ cid: z.string(), conversation: z.string(), at: z.number(), order: z.number() })
const placeSchema = z.catch(z.number(), 0)
const wholeSchema = z.catch(z.boolean(), false)

/**
 * Keeps a device's chat in the browser's IndexedDB, in a database of its own: `new IndexedDbCache(`fanfare-chat ${user} ${device}`)`.
 * Where the browser keeps nothing (private windows, a full disk), it lives in memory until the page is closed.
 */
export class IndexedDbCache implements ChatCache {
  readonly #memory = new MemoryCache()
  #database: Promise<IDBDatabase> | undefined
  #isLost = false

  constructor(
    readonly name: string,
    readonly factory: IDBFactory = indexedDB,
    readonly bounds: CacheBounds = cacheBounds,
  ) {}

  load(): Promise<CachedChat> {
    return this.#run(
      ['readonly', held],
      async ({ place, conversations }) => ({
        acked: placeSchema.parse(await answerOf(place.get('acked'))),
        conversations: parsed(conversationSchema, await answerOf(conversations.getAll())),
        isWhole: wholeSchema.parse(await answerOf(place.get('whole'))),
      }),
      () => this.#memory.load(),
    )
  }

  save(chat: CachedChat): Promise<void> {
    return this.#run(
      ['readwrite', held],
      async ({ place, conversations }) => {
        const acked = placeSchema.parse(await answerOf(place.get('acked')))
        place.put(Math.max(acked, chat.acked), 'acked')
        for (const conversation of chat.conversations) {
          const [known] = parsed(conversationSchema, [await answerOf(conversations.get(conversation.id))])
          conversations.put(joinCached(known, conversation), conversation.id)
        }
        if (chat.isWhole === true) place.put(true, 'whole')
        if ((await answerOf(conversations.count())) <= this.bounds.conversationsMax) return
        const gone = surplus(parsed(conversationSchema, await answerOf(conversations.getAll())), this.bounds.conversationsMax)
        for (const { id } of gone) conversations.delete(id)
        if (gone.length > 0) place.put(false, 'whole')
      },
      () => this.#memory.save(chat),
    )
  }

  forget(): Promise<void> {
    return this.#run(
      ['readwrite', held],
      async ({ place, conversations }) => {
        place.clear()
        conversations.clear()
      },
      () => this.#memory.forget(),
    )
  }

  async outbox(): Promise<readonly OutboxEntry[]> {
    const entries = await this.#run(
      ['readonly', outboxAlone],
      async ({ outbox }) => parsed(entrySchema, await answerOf(outbox.getAll())).toSorted((left, right) => left.order - right.order),
      () => this.#memory.outbox(),
    )
    for (const entry of entries) await this.#memory.putOutbox(entry)
    return entries
  }

  /** The outbox is in memory too: it must not be lost where the browser stops keeping. */
  async putOutbox(entry: OutboxEntry): Promise<void> {
    await this.#memory.putOutbox(entry)
    await this.#run(
      ['readwrite', outboxAlone],
      async ({ outbox }) => {
        outbox.put(entry, entry.cid)
      },
      async () => undefined,
    )
  }

  async dropOutbox(cid: string): Promise<void> {
    await this.#memory.dropOutbox(cid)
    await this.#run(
      ['readwrite', outboxAlone],
      async ({ outbox }) => {
        outbox.delete(cid)
      },
      async () => undefined,
    )
  }

  /** A browser may close a database that it has opened: then it is opened again. What fails twice happens in memory from then on. */
  async #run<T>(scope: Scope, body: (stores: Stores) => Promise<T>, instead: () => Promise<T>): Promise<T> {
    if (this.#isLost) return instead()
    try {
      return await this.#transact(scope, body)
    } catch (error) {
      reportError(error)
      this.#database = undefined
    }
    try {
      return await this.#transact(scope, body)
    } catch {
      this.#isLost = true
      return instead()
    }
  }

  /** Resolves when the transaction is complete. */
  async #transact<T>([mode, names]: Scope, body: (stores: Stores) => Promise<T>): Promise<T> {
    this.#database ??= openDatabase(this.factory, this.name)
    const transaction = (await this.#database).transaction(names, mode)
    const [result] = await Promise.all([
      body({
        get place() {
          return transaction.objectStore(stores.place)
        },
        get conversations() {
          return transaction.objectStore(stores.conversations)
        },
        get outbox() {
          return transaction.objectStore(stores.outbox)
        },
      }),
      completion(transaction),
    ])
    return result
  }
}

/** The stores of a transaction: those that it named. */
type Stores = Readonly<Record<keyof typeof stores, IDBObjectStore>>
type Scope = readonly [mode: IDBTransactionMode, names: string[]]

function openDatabase(factory: IDBFactory, name: string): Promise<IDBDatabase> {
  const request = factory.open(name, version)
  request.onupgradeneeded = () => {
    const { result } = request
    for (const store of [stores.place, stores.conversations]) if (result.objectStoreNames.contains(store)) result.deleteObjectStore(store)
    for (const store of Object.values(stores)) if (!result.objectStoreNames.contains(store)) result.createObjectStore(store)
  }
  return answerOf(request)
}

function answerOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

function completion(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onerror = () => reject(transaction.error)
    transaction.onabort = () => reject(transaction.error)
  })
}

function parsed<T>(schema: z.ZodMiniType<T>, values: readonly unknown[]): T[] {
  return values.flatMap(value => {
    const result = schema.safeParse(value)
    return result.success ? [result.data] : []
  })
}
