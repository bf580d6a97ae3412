/**
 * How soon a condition is looked at again: at once at first, then more and more seldom, as each look at a page costs the browser as much
 * as the test.
 */
const lookMs = { first: 2, last: 50, growth: 1.25 }

/** When a test is given up. It says nothing about how quick anything is: a busy machine must never reach it. */
export const deadlineMs = 120_000

/**
 * Waits until a condition holds, and gives what made it hold. Nothing here waits for luck: a condition that never comes true fails the
 * test with its name.
 */
export async function until<T>(what: string, condition: () => T | Promise<T>): Promise<NonNullable<Exclude<T, false>>> {
  const end = performance.now() + deadlineMs
  for (let pauseMs = lookMs.first; ; pauseMs = Math.min(pauseMs * lookMs.growth, lookMs.last)) {
    const value = await condition()
    if (value !== undefined && value !== null && value !== false) return value as NonNullable<Exclude<T, false>>
    if (performance.now() > end) throw new Error(`waited ${deadlineMs / 1000} s in vain until ${what}`)
    await Bun.sleep(pauseMs)
  }
}

/** Bounds a promise, so that a test fails with a sentence and not by the deadline of the runner. */
export async function within<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: Timer | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${deadlineMs / 1000} s in vain for ${what}`)), deadlineMs)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Lets a stretch of time go by in which something must not happen. */
export function quiet(ms: number): Promise<void> {
  return Bun.sleep(ms)
}
