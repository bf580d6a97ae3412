import { expect } from 'bun:test'
import { until } from './until.ts'

/** What is expected of a reading: a value, with matchers in it where need be, or a check of its own. */
type Expected<T> = ((value: T) => void) | string | number | boolean | object | null | undefined

/**
 * Reads again until what is read is as expected. A page shows what was done to it a moment later, so that one look says
 * nothing. Whoever waits in vain sees how the last reading differed.
 */
export async function eventually<T>(read: () => T | Promise<T>, expected: Expected<T>): Promise<void> {
  let difference: unknown
  const matches = async () => {
    difference = undefined
    const value = await read()
    try {
      check(value, expected)
      return true
    } catch (error) {
      difference = error
      return false
    }
  }
  await until('what is read is as expected', matches).catch(error => {
    throw difference ?? error
  })
}

/** Looks once, and at once: for what must not have changed while something else was waited for. */
export async function still<T>(read: () => T | Promise<T>, expected: Expected<T>): Promise<void> {
  check(await read(), expected)
}

function check<T>(value: T, expected: Expected<T>): void {
  if (typeof expected === 'function') expected(value)
  else expect<unknown>(value).toEqual(expected)
}
