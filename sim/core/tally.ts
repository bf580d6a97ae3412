/** How often each thing happened, in one run or over many: what never happened was not tested. */
export class Tally {
  readonly counts = new Map<string, number>()

  count(what: string, times = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + times)
  }

  of(what: string): number {
    return this.counts.get(what) ?? 0
  }

  add(other: Tally): void {
    for (const [what, times] of other.counts) this.count(what, times)
  }

  toString(): string {
    return [...this.counts]
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([what, times]) => `${what}: ${times}`)
      .join('\n')
  }
}
