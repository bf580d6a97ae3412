import { describe, expect, test } from 'bun:test'
import { AnnouncedClients } from './announced-clients.ts'

const infos = (...clients: readonly string[]) => clients.map(client => ({ user: 'ann', client }))
const told = (kind: 'join' | 'leave', ...clients: readonly string[]) => ({ kind, infos: infos(...clients) })

describe('announced clients', () => {
  test('[PL24] what is announced again is passed over, whoever announces it, and the rest of the announcement is not', () => {
    const announced = new AnnouncedClients()
    announced.learned()
    expect(announced.read('room:1', told('join', 'a', 'b'))).toEqual(told('join', 'a', 'b'))
    expect(announced.read('room:1', told('join', 'b', 'c'))).toEqual(told('join', 'c'))
    expect(announced.read('room:1', told('leave', 'a'))).toEqual(told('leave', 'a'))
    expect(announced.read('room:1', told('leave', 'a', 'x'))).toBeUndefined()
    expect(announced.read('room:2', told('leave', 'b'))).toBeUndefined()
    expect([...announced.of('room:1').keys()]).toEqual(['b', 'c'])
  })

  test('[PL24] a node that began later takes from others what lies before, and nothing that it has read itself is older', () => {
    const late = new AnnouncedClients()
    expect(late.read('room:1', told('join', 'c'))).toEqual(told('join', 'c'))
    // Its join lies before: once it is news.
    expect(late.read('room:1', told('leave', 'a'))).toEqual(told('leave', 'a'))
    expect(late.read('room:1', told('leave', 'a'))).toBeUndefined()
    expect(late.read('room:1', told('leave', 'c'))).toEqual(told('leave', 'c'))
    expect(late.read('room:1', told('leave', 'c'))).toBeUndefined()
    late.learn('room:1', infos('a', 'b', 'c'))
    late.learned()
    expect([...late.of('room:1').keys()]).toEqual(['b'])
    expect(late.read('room:1', told('join', 'b'))).toBeUndefined()
    expect(late.read('room:1', told('leave', 'b'))).toEqual(told('leave', 'b'))
  })
})
