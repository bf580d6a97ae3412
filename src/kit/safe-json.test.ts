import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type JsonBounds, JsonError, parseJson } from './safe-json.ts'

const bounds: JsonBounds = { depthMax: 5, keysMax: 4, itemsMax: 3 }
const wide: JsonBounds = { depthMax: 100, keysMax: 1000, itemsMax: 1000 }

function refusal(text: string): string {
  try {
    parseJson(text, bounds)
  } catch (error) {
    if (error instanceof JsonError) return error.message
    throw error
  }
  return ''
}

describe('parseJson', () => {
  test('[U7] gives what JSON.parse gives', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), value => {
        const text = JSON.stringify(value)
        if (/"(?:__proto__|constructor|prototype)":/.test(text)) return
        expect(parseJson(text, wide)).toEqual(JSON.parse(text))
      }),
    )
  })

  test('[U7] a key that reaches a prototype is refused with its path, however deep it lies', () => {
    expect(refusal('{"__proto__":{"admin":true}}')).toBe('the key "__proto__" is not allowed')
    expect(refusal('{"a":[{"b":{"constructor":1}}]}')).toBe('a[0].b: the key "constructor" is not allowed')
    expect(refusal('[{"prototype":null}]')).toBe('[0]: the key "prototype" is not allowed')
    expect(refusal('{"\\u005f_proto__":1}')).toBe('the key "__proto__" is not allowed')
  })

  test('[U7] depth, keys and items are bounded, each with the path of what went over', () => {
    expect(refusal('[[[[[]]]]]')).toBe('')
    expect(refusal('[[[[[[]]]]]]')).toBe('[0][0][0][0][0]: nested deeper than 5')
    expect(refusal('{"a":{"a":1,"b":2,"c":3,"d":4}}')).toBe('')
    expect(refusal('{"a":{"a":1,"b":2,"c":3,"d":4,"e":5}}')).toBe('a: more than 4 keys')
    expect(refusal('{"a":{"b":[1,2,3,4]}}')).toBe('a.b: more than 3 items')
  })

  test('[U7] a number that could only be passed on as null is refused with its path, and the largest one is not', () => {
    expect(refusal('{"a":{"n":1e999}}')).toBe('a.n: the number is too large')
    expect(refusal('[1,-1e400]')).toBe('[1]: the number is too large')
    expect(refusal('1e309')).toBe('the number is too large')
    expect(refusal('[1.7976931348623157e308]')).toBe('')
  })

  test('[U7] what is not JSON is refused without a path, and no text throws anything else', () => {
    expect(refusal('{"a":')).toBe('not valid JSON')
    fc.assert(fc.property(fc.string(), text => expect(typeof refusal(text)).toBe('string')))
  })
})
