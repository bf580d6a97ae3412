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
