import { describe, expect, test } from 'bun:test'
import { assert, unreachable } from './assert.ts'

describe('assert', () => {
  test('[U2] what must hold and does not is an error that says so', () => {
    expect(() => assert(1 + 1 === 2, 'sums hold')).not.toThrow()
    expect(() => assert(undefined, 'a value is there')).toThrow('invariant broken: a value is there')
  })

  test('[U2] a case that a switch was never told about is named', () => {
    const surprise: unknown = { kind: 'new' }
    expect(() => unreachable(surprise as never)).toThrow('unreachable: {"kind":"new"}')
  })
})
