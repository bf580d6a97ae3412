import { expect, test } from 'bun:test'
import { defaultLimits } from '../limits.ts'
import { Room } from './room.ts'

test('[F161] a tenth of all connections may linger after their end, and each that goes makes room for another', () => {
  const room = new Room({ ...defaultLimits, sessionsMax: 1000 })
  const granted = Array.from({ length: 150 }, () => room.lingers()).filter(yes => yes)
  expect(granted).toHaveLength(100)
  expect([room.admits('10.0.0.1', 899), room.admits('10.0.0.1', 900)]).toEqual(['yes', 'full'])
  room.lingered()
  expect([room.admits('10.0.0.1', 900), room.lingers(), room.lingers()]).toEqual(['yes', true, false])
})
