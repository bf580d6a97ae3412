import { describe, expect, test } from 'bun:test'
import { CommandError, closes, errors, isReconnectable, unsubscribes } from './codes.ts'

describe('codes', () => {
  test('[U18] a close below 3500 brings the client back and one above keeps it away', () => {
    const back = Object.values(closes).filter(isReconnectable)
    expect(back.map(({ code }) => code)).toEqual([3000, 3001, 3004, 3005, 3008, 3010, 3011, 3012, 3013])
    for (const { code } of Object.values(closes)) expect(code >= 3000 && code < 4000).toBe(true)
  })

  test('[U18] a loss of state and an end in time make a client subscribe again by itself, nothing else does', () => {
    expect(Object.values(unsubscribes).filter(({ code }) => code >= 2500)).toEqual([unsubscribes.insufficientState, unsubscribes.expired])
  })

  test('[U18] an error says whether to try again, and keeps its code beside the detail', () => {
    expect(new CommandError(errors.internal).toReply()).toEqual({ code: 100, message: 'internal server error', temporary: true })
    expect(new CommandError(errors.badRequest, 'data: missing').toReply()).toEqual({ code: 107, message: 'bad request: data: missing' })
    expect(Object.values(errors).filter(error => 'temporary' in error)).toEqual([errors.internal, errors.tooManyRequests])
  })
})
