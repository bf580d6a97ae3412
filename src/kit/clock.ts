/** A pending call that can be taken back. Cancelling twice, or after it ran, does nothing. */
export interface Timer {
  cancel(): void
}

/** Time as the rest of the code sees it. Passed in everywhere, so that a simulation can own it. */
export interface Clock {
  /** Unix time in milliseconds. */
  now(): number
  /** Runs once, `ms` milliseconds from now. */
  after(ms: number, run: () => void): Timer
  /** Runs once at the end of the current turn of the event loop: the tick in which everything queued leaves in one write. */
  soon(run: () => void): void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const handle = setTimeout(run, ms)
    return { cancel: () => clearTimeout(handle) }
  },
  soon(run) {
    setImmediate(run)
  },
}

/** Runs again and again, `ms` apart, until cancelled; a run that throws does not end the series. */
export function every(clock: Clock, ms: number, run: () => void): Timer {
  let timer = clock.after(ms, beat)
  let cancelled = false
  function beat() {
    timer = clock.after(ms, beat)
    if (!cancelled) run()
  }
  return {
    cancel() {
      cancelled = true
      timer.cancel()
    },
  }
}

/** The same for what takes time: the next run begins `ms` after the one before has ended. What fails is told, and tried again. */
export function everyAsync(clock: Clock, ms: number, run: () => Promise<void>, failed: (error: unknown) => void): Timer {
  let isCancelled = false
  let timer = clock.after(ms, beat)
  function beat() {
    run()
      .catch(failed)
      .finally(() => {
        if (!isCancelled) timer = clock.after(ms, beat)
      })
  }
  return {
    cancel() {
      isCancelled = true
      timer.cancel()
    },
  }
}
