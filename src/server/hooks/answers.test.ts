import { describe, expect, test } from 'bun:test'
import { readAnswer, resultSchemas } from './answers.ts'

const bounds = { depthMax: 10, keysMax: 100, itemsMax: 100 }
const read = (question: keyof typeof resultSchemas, answer: object) =>
  readAnswer(JSON.stringify(answer), resultSchemas[question] as (typeof resultSchemas)['subscribe'], bounds)

describe('what typed languages write of empty fields', () => {
  test('[K28] null beside an error or a disconnect is silence, and so is null alone', () => {
    expect(read('subscribe', { result: null, error: { code: 403, message: 'no', temporary: null }, disconnect: null })).toEqual({
      ok: true,
      answer: { kind: 'refused', error: { code: 403, message: 'no' } },
    })
    expect(read('subscribe', { result: null, error: null, disconnect: { code: 4501, reason: null } })).toEqual({
      ok: true,
      answer: { kind: 'disconnect', close: { code: 4501, reason: '' } },
    })
    expect(read('subscribe', { result: null, error: null, disconnect: null })).toEqual({
      ok: false,
      reason: 'expected result, error or disconnect',
    })
  })

  test('[K28] null within a result counts as absent', () => {
    const granted = (result: object) => ({ ok: true, answer: { kind: 'granted', result } }) as never
    expect(read('subscribe', { result: { expire_at: null }, error: null })).toEqual(granted({}))
    expect(read('refresh', { result: { expired: null, expire_at: null } })).toEqual(granted({ expired: false }))
    expect(read('publish', { result: { skip_history: null } })).toEqual(granted({}))
    expect(read('connect', { result: { user: 'ada', expire_at: null, info: null, channels: null } })).toEqual(granted({ user: 'ada' }))
  })

  test('[K28] what is there and wrong stays wrong, with its path', () => {
    expect(read('subscribe', { result: { expire_at: 'soon' } })).toMatchObject({ ok: false, reason: expect.stringContaining('expire_at') })
    expect(read('subscribe', { error: { code: null } })).toMatchObject({ ok: false, reason: expect.stringContaining('error.code') })
    expect(read('subscribe', { disconnect: { code: 4000, reason: 'x'.repeat(124) } })).toMatchObject({
      ok: false,
      reason: expect.stringContaining('disconnect.reason'),
    })
  })
})
