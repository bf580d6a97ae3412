/** How often a condition is looked at. */
const lookMs = 5

/**
 * Waits until a condition holds, and gives what made it hold. Nothing here waits for luck: a condition that does not come true in time
 * fails the test with its name.
 */
export async function until<T>(what: string, condition: () => T | Promise<T>, withinMs = 4000): Promise<NonNullable<Exclude<T, false>>> {
  const end = performance.now() + withinMs
  for (;;) {
    const value = await condition()
    if (value !== undefined && value !== null && value !== false) return value as NonNullable<Exclude<T, false>>
    if (performance.now() > end) throw new Error(`waited ${withinMs} ms in vain until ${what}`)
    await Bun.sleep(lookMs)
  }
}

/** Bounds a promise, so that a test fails with a sentence and not by its time-out. */
export async function within<T>(what: string, promise: Promise<T>, ms = 5000): Promise<T> {
  let timer: Timer | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms in vain for ${what}`)), ms)
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
