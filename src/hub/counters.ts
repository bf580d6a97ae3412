/** Counters of a node since it started. Plain numbers on the hot path; metrics and the operations page read them. */
export class Counters {
  /** Publish calls that passed every check. */
  accepted = 0
  /** Publications that the broker has appended, or passed on where no history is kept. */
  appended = 0
  /** Publications written to a subscriber's connection: one fan-out to a thousand counts a thousand. */
  delivered = 0
  writes = 0
  bytesOut = 0
  /** Ephemeral frames that a slow session did not get. */
  dropped = 0
  commands = 0
  /** Commands answered with an error, by code. */
  readonly errors = new Map<number, number>()
  /** Connections closed by the server, by code. */
  readonly closes = new Map<number, number>()
  recovered = 0
  unrecovered = 0

  countError(code: number): void {
    this.errors.set(code, (this.errors.get(code) ?? 0) + 1)
  }

  countClose(code: number): void {
    this.closes.set(code, (this.closes.get(code) ?? 0) + 1)
  }
}
