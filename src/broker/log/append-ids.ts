/** How long an appender that has said nothing is remembered, by the time of the log: far longer than anything is on its way. */
const rememberMs = 3_600_000
const form = /^([\w-]{12})\.(\d{1,15})$/

/**
 * Ids of records: an appender and how many it has appended to the partition. A record whose number is not above the last of its appender is one
 * that was appended twice, or so late that its publisher was told long ago that it failed. It depends on nothing but the log, so every node passes
 * over the same records, and it costs one entry for each node and not for each record.
 */
export class AppendIds {
  readonly #appenders = new Map<string, { last: number; time: number }>()

  /** Whether the record with this id is there for the first time. What has no id of this form, as records of other systems, always is. */
  isNew(id: string | undefined, time: number): boolean {
    const [, appender = '', number = ''] = id === undefined ? [] : (form.exec(id) ?? [])
    if (appender === '') return true
    const known = this.#appenders.get(appender)
    if (known === undefined) {
      this.#forget(time)
      this.#appenders.set(appender, { last: Number(number), time })
      return true
    }
    known.time = time
    if (Number(number) <= known.last) return false
    known.last = Number(number)
    return true
  }

  clear(): void {
    this.#appenders.clear()
  }

  #forget(time: number): void {
    for (const [appender, known] of this.#appenders) if (known.time + rememberMs <= time) this.#appenders.delete(appender)
  }
}
