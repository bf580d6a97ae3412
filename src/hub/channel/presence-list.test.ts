import { expect, test } from 'bun:test'
import { PresenceList } from './presence-list.ts'

test('[B252] a list of who is there counts as it goes out, with the id before each client', () => {
  const bytesMax = 2000
  const list = new PresenceList(bytesMax)
  const text = () => JSON.stringify(Object.fromEntries(list.clients))
  const add = () => list.add({ user: 'é', client: `6dd05b8a-1d1b-4a6a-9d7f-${String(list.clients.size).padStart(12, '0')}` })
  expect(() => {
    for (;;) add()
  }).toThrow('larger than 2000 bytes')
  // One more would not have fitted.
  expect(Buffer.byteLength(text())).toBeWithin(bytesMax - 120, bytesMax + 1)
})
