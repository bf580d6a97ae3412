import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { ByteTail, type TailEntry, type TailOwner } from './byte-tail.ts'

/** A channel that has its entries in a tail, and a copy of each beside it. */
class Owner implements TailOwner {
  readonly places: number[] = []
  readonly copies: TailEntry[] = []
  readonly evicted: number[] = []
  first = 0
  readonly id: number

  constructor(readonly tail: ByteTail) {
    this.id = tail.enter(this)
  }

  append(entry: TailEntry): void {
    this.places.push(this.tail.append(this.id, this.first + this.places.length, entry))
    this.copies.push(entry)
  }

  drop(count: number): void {
    for (const place of this.places.splice(0, count)) {
      this.first++
      this.copies.shift()
      this.tail.free(place)
    }
  }

  placeOf(number: number): number | undefined {
    return this.places[number - this.first]
  }

  moved(number: number, place: number): void {
    this.places[number - this.first] = place
  }

  evict(number: number): void {
    this.evicted.push(number)
    this.drop(number - this.first + 1)
  }
}

const act = fc.record({
  what: fc.constantFrom('append', 'append', 'append', 'append', 'drop', 'leave'),
  who: fc.nat({ max: 5 }),
  size: fc.oneof({ weight: 9, arbitrary: fc.nat({ max: 120 }) }, { weight: 1, arbitrary: fc.nat({ max: 900 }) }),
  count: fc.nat({ max: 6 }),
})

const bytesMax = 4_000
const segmentBytes = 400
/** What is written into, and one for what is moved. */
const beyondMax = 2 * (segmentBytes + 2000)

describe('ByteTail', () => {
  test('[LB11] gives every channel what it has, whatever is moved or goes, and stays within its bytes', () => {
    let moves = 0
    let evictions = 0
    fc.assert(
      fc.property(fc.array(act, { minLength: 100, maxLength: 300 }), acts => {
        const tail = new ByteTail(bytesMax, segmentBytes)
        const owners = Array.from({ length: 6 }, () => new Owner(tail))
        for (const [index, { what, who, size, count }] of acts.entries()) {
          const owner = owners[who]
          if (owner === undefined) throw new Error('no owner')
          const before = owners.map(({ places }) => [...places])
          if (what === 'append') {
            const text = JSON.stringify('ü'.repeat(size))
            owner.append({ offset: index + 1, after: index, time: 1000 + index, text, envelope: count === 0 ? '' : `{"key":"${count}"}` })
          } else if (what === 'drop') owner.drop(count)
          else {
            owner.drop(owner.places.length)
            tail.leave(owner.id)
            owners[who] = new Owner(tail)
          }
          moves += owners.filter(({ places }, at) => places.some((place, nth) => (before[at]?.[nth] ?? place) > place)).length
          expect(tail.bytes).toBeLessThanOrEqual(bytesMax + beyondMax)
          for (const { places, copies } of owners) {
            expect(places.map(place => tail.read(place))).toEqual(copies)
            expect(places.map(place => tail.offsetAt(place))).toEqual(copies.map(({ offset }) => offset))
          }
        }
        evictions += owners.reduce((sum, { evicted }) => sum + evicted.length, 0)
        for (const owner of owners) owner.drop(owner.places.length)
        expect(tail.bytes).toBeLessThanOrEqual(segmentBytes + 2000)
      }),
      { numRuns: 100 },
    )
    expect([moves > 0, evictions > 0]).toEqual([true, true])
  })

  test('[LB11] what a busy channel has dropped goes before what a quiet one still has', () => {
    const tail = new ByteTail(bytesMax, segmentBytes)
    const [quiet, busy] = [new Owner(tail), new Owner(tail)]
    const entry = (offset: number) => ({ offset, after: offset - 1, time: offset, text: '"some text"', envelope: '' })
    for (let n = 1; n <= 10; n++) quiet.append(entry(n))
    for (let n = 11; n <= 5000; n++) {
      busy.append(entry(n))
      if (busy.places.length > 10) busy.drop(1)
    }
    expect([quiet.evicted, quiet.copies.length, busy.evicted]).toEqual([[], 10, []])
    expect(quiet.places.map(place => tail.read(place).offset)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  })
})
