import { describe, expect, test } from 'bun:test'
import { defaultLimits, silentLog } from '../../hub/index.ts'
import { seededRandom, systemClock } from '../../kit/index.ts'
import { Hooks } from './hooks.ts'
import { hookLimits } from './limits.ts'

const target = { url: 'http://127.0.0.1:1/', timeoutMs: 1000, retries: 0 }
const options = { clock: systemClock, random: seededRandom(1), log: silentLog, json: defaultLimits.json, fetch }

describe('the bounds of hooks', () => {
  test('[K24] notices that wait are bounded: beyond, the oldest is dropped and counted', async () => {
    const hooks = new Hooks({ secret: 'x', allowedHosts: [], targets: { channel_vacated: target } }, options)
    for (let n = 0; n < hookLimits.noticesMax + 10; n++) hooks.tell({ kind: 'channel_vacated', channel: `a:${n}` })
    expect(hooks.waiting).toBe(hookLimits.noticesMax)
    // One had left the queue to be sent.
    expect(hooks.tally.count('channel_vacated', 'dropped')).toBe(9)
    await hooks.close()
    expect(hooks.waiting).toBe(0)
    expect(hooks.tally.count('channel_vacated', 'dropped')).toBe(hookLimits.noticesMax + 10)
  })

  test('[K20] a notice that comes just as the one before has gone is told too, and waits for no third', async () => {
    for (let turns = 0; turns < 40; turns++) {
      const hooks = new Hooks({ secret: 'x', allowedHosts: [], targets: { channel_vacated: target } }, options)
      hooks.tell({ kind: 'channel_vacated', channel: 'a' })
      for (let turn = 0; turn < turns; turn++) await undefined
      hooks.tell({ kind: 'channel_vacated', channel: 'b' })
      await Bun.sleep(0)
      // Neither may be sent to a host that is not on the list.
      expect([turns, hooks.waiting, hooks.tally.count('channel_vacated', 'dropped')]).toEqual([turns, 0, 2])
    }
  })

  test('[K24] what nobody wants to hear is not kept', () => {
    const hooks = new Hooks({ secret: 'x', allowedHosts: [], targets: {} }, options)
    hooks.tell({ kind: 'channel_vacated', channel: 'a' })
    expect(hooks.waiting).toBe(0)
    expect(hooks.tells).toBe(false)
    expect(hooks.asking).toEqual({})
  })

  test('[K17] a host that is not on the list is not called, whoever wrote the configuration', async () => {
    const hooks = new Hooks({ secret: 'x', allowedHosts: ['127.0.0.1:2'], targets: { rpc: target } }, options)
    const client = { client: 'c', user: 'u', transport: 'websocket', principal: 'user:u' } as const
    await expect(hooks.asking.rpc?.(client, 'any', 1)).rejects.toMatchObject({ code: 100, temporary: true })
    expect(hooks.tally.count('rpc', 'failed')).toBe(1)
  })
})
