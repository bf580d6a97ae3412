const dayMs = 24 * 60 * 60_000
const minuteMs = 60_000

/** Midnight at which the day of `ts` began here, and at which it ends: 23 to 25 hours later. */
export function dayOf(ts: number): { readonly from: number; readonly to: number } {
  const date = new Date(ts)
  const [year, month, day] = [date.getFullYear(), date.getMonth(), date.getDate()]
  return { from: new Date(year, month, day).getTime(), to: new Date(year, month, day + 1).getTime() }
}

/** Calendar days from one time to a later one, as one counts them here. */
function daysBetween(earlier: number, later: number): number {
  return Math.round((dayOf(later).from - dayOf(earlier).from) / dayMs)
}

/** How times are said, in the words and the order of a language. */
export class TimeLabels {
  readonly #clock: Intl.DateTimeFormat
  readonly #weekday: Intl.DateTimeFormat
  readonly #shortDay: Intl.DateTimeFormat
  readonly #day: Intl.DateTimeFormat
  readonly #fullDay: Intl.DateTimeFormat
  readonly #exact: Intl.DateTimeFormat

  constructor(locale?: string) {
    this.#clock = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' })
    this.#weekday = new Intl.DateTimeFormat(locale, { weekday: 'long' })
    this.#shortDay = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short' })
    this.#day = new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'long' })
    this.#fullDay = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'long', year: 'numeric' })
    this.#exact = new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'medium' })
  }

  /** The time of a message. */
  clock(ts: number): string {
    return this.#clock.format(ts)
  }

  /** All that is known of a time. */
  exact(ts: number): string {
    return this.#exact.format(ts)
  }

  /** What stands between the messages of two days. Clocks of devices differ, so what seems to be of tomorrow is of today. */
  day(ts: number, now: number): string {
    const days = daysBetween(ts, now)
    if (days <= 0) return 'Today'
    if (days === 1) return 'Yesterday'
    if (days < 7) return this.#weekday.format(ts)
    return days < 300 ? this.#day.format(ts) : this.#fullDay.format(ts)
  }

  /** What stands in the list: as short as it can be and still tell. */
  list(ts: number, now: number): string {
    const days = daysBetween(ts, now)
    if (days <= 0) return this.clock(ts)
    if (days === 1) return 'Yesterday'
    if (days < 7) return this.#weekday.format(ts)
    return days < 300 ? this.#shortDay.format(ts) : this.#fullDay.format(ts)
  }

  /** A day and a time in one line. */
  moment(ts: number, now: number): string {
    return daysBetween(ts, now) <= 0 ? this.clock(ts) : `${this.list(ts, now)}, ${this.clock(ts)}`
  }

  /** When something ends: a day and a time, unless that is today. */
  until(ts: number, now: number): string {
    return daysBetween(now, ts) <= 0 ? this.clock(ts) : `${this.#shortDay.format(ts)}, ${this.clock(ts)}`
  }

  lastSeen(ts: number, now: number): string {
    const minutes = Math.floor((now - ts) / minuteMs)
    if (minutes < 1) return 'last seen just now'
    if (minutes < 60) return `last seen ${minutes} min ago`
    const days = daysBetween(ts, now)
    if (days <= 0) return `last seen today at ${this.clock(ts)}`
    return days === 1 ? `last seen yesterday at ${this.clock(ts)}` : `last seen ${this.list(ts, now)}`
  }
}
