import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { escapeTopic, topicOf, unescapeTopic } from './topic-name.ts'

test.each([
  ['AAPL', 'AAPL'],
  ['game_17', 'game_17'],
  ['BTC-USD', 'BTC-USD'],
  ['BRK.B', 'BRK.B'],
  ['#alice', '--23alice'],
  ['a:b', 'a--3ab'],
  ['a--b', 'a--2d-b'],
  ['-#', '---23'],
  ['ü', '--c3--bc'],
])('[LB20] the channel %s has the topic %s', (name, topic) => {
  expect([escapeTopic(name), unescapeTopic(topic)]).toEqual([topic, name])
})

test('[LB20] every name can be read back from its topic, and no two have the same', () => {
  const name = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: fc.constantFrom('-', '--', '2', 'd', '#', ':', '%') }))
  fc.assert(
    fc.property(name, name, (one, other) => {
      fc.pre(one.isWellFormed() && other.isWellFormed())
      const topic = escapeTopic(one)
      expect(topic).toMatch(/^[\w.-]*$/)
      expect(unescapeTopic(topic)).toBe(one)
      expect(escapeTopic(other) === topic).toBe(other === one)
    }),
    { numRuns: 2000 },
  )
})

test('[LB20] what no name comes to is none, and a topic is no longer than Kafka takes', () => {
  expect(['--zz', '--41', '--ff', 'a--', '--2d'].map(unescapeTopic)).toEqual(Array.from({ length: 5 }, () => undefined))
  expect([topicOf('fanfare.', 'x'.repeat(241))?.length, topicOf('fanfare.', 'x'.repeat(242))]).toEqual([249, undefined])
})
