import { describe, expect, test } from 'bun:test'
import { readDelay } from './delay.ts'

describe('how far behind someone wants to be', () => {
  test.each([
    ['0s', 0],
    ['30s', 30_000],
    ['1m', 60_000],
    ['1001ms', 2000],
    ['1ms', 1000],
  ])('[S12] %p is %p ms: whole seconds, never less than asked', (text, ms) => {
    expect(readDelay(text, 'delay')).toBe(ms)
  })

  test.each(['61s', '60001ms', '30', '-1s', '', 'soon', '1e3s', 30, null])('[S22] %p is refused by name', text => {
    expect(() => readDelay(text, 'subscribe.data.delay')).toThrow('subscribe.data.delay: expected a duration from "0s" to "60s"')
  })
})
