import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { loadMax, placeSlots, preferred, slotCount, slotOf } from './slots.ts'

const members = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 12 })
const slots = fc.constantFrom(1, 16, 64, 256)

describe('slots', () => {
  test('[N3] a key has the same slot on every node and in every version', () => {
    expect(['', 'board:1', 'room:münchen', 'inbox:#ann'].map(key => slotOf(key))).toEqual([2457, 333, 2776, 3302])
    fc.assert(fc.property(fc.string(), slots, (key, count) => slotOf(key, count) >= 0 && slotOf(key, count) < count))
  })

  test('[N4] every slot has an owner, and none has more than a quarter above the average', () => {
    fc.assert(
      fc.property(members, slots, (nodes, count) => {
        const owners = placeSlots(nodes, count)
        expect(owners).toHaveLength(count)
        const loads = Map.groupBy(owners, owner => owner)
        for (const [owner, owned] of loads) {
          expect(nodes).toContain(owner ?? 'nobody')
          expect(owned.length).toBeLessThanOrEqual(loadMax(nodes.length, count))
        }
      }),
    )
    expect(placeSlots([])).toEqual(Array.from({ length: slotCount }, () => undefined))
  })

  test('[N4] who computes it, and in which order members are known, makes no difference', () => {
    fc.assert(
      fc.property(members, slots, (nodes, count) => expect(placeSlots(nodes.toReversed(), count)).toEqual(placeSlots(nodes, count))),
    )
  })

  test('[N5] between members that stay only those slots move that the bound displaces', () => {
    fc.assert(
      fc.property(members, fc.string({ minLength: 9, maxLength: 9 }), slots, (nodes, joining, count) => {
        const before = placeSlots(nodes, count)
        const after = placeSlots([...nodes, joining], count)
        for (let slot = 0; slot < count; slot++) {
          const isMoved = before[slot] !== after[slot] && after[slot] !== joining
          if (!isMoved) continue
          const best = preferred([...nodes].sort(), slot)[0]
          expect(before[slot] !== best || after[slot] !== best).toBe(true)
        }
      }),
    )
  })

  test('[N5] with all slots none moves but to a node that joins and from one that leaves, and those share them', () => {
    const nodes = Array.from({ length: 9 }, (_, index) => `node-${index}`)
    for (let size = 1; size < nodes.length; size++) {
      const fewer = placeSlots(nodes.slice(0, size))
      const more = placeSlots(nodes.slice(0, size + 1))
      const moved = more.flatMap((owner, slot) => (owner === fewer[slot] ? [] : [owner]))
      expect(new Set(moved)).toEqual(new Set([`node-${size}`]))
      expect(moved.length).toBeLessThanOrEqual(loadMax(size + 1))
      expect(moved.length).toBeGreaterThan(slotCount / (size + 1) / 2)
    }
  })
})
