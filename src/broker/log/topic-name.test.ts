import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { escapeTopic, type NamespaceTopics, overlap, topicOf, topicsOf, unescapeTopic } from './topic-name.ts'

test.each([
  ['AAPL', 'AAPL'],
  ['game_17', 'game_17'],
  ['BTC-USD', 'BTC-USD'],
  ['BRK.B', 'BRK--2eB'],
  ['BRK_B', 'BRK_B'],
  ['AAPL-.', 'AAPL---2e'],
  ['#alice', '--23alice'],
  ['a:b', 'a--3ab'],
  ['a--b', 'a--2d-b'],
  ['-#', '---23'],
  ['ü', '--c3--bc'],
])('[LB20] the channel %s has the topic %s', (name, topic) => {
  expect([escapeTopic(name), unescapeTopic(topic)]).toEqual([topic, name])
})

test('[LB20] every name can be read back from its topic, and no two have the same', () => {
  const name = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: fc.constantFrom('-', '--', '2', 'd', 'e', '#', ':', '%', '.', '_') }),
  )
  fc.assert(
    fc.property(name, name, (one, other) => {
      fc.pre(one.isWellFormed() && other.isWellFormed())
      const topic = escapeTopic(one)
      expect(topic).toMatch(/^[\w-]*$/)
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

/** Kafka makes no topic whose name differs from another's in these only. */
const toKafka = (topic: string | undefined) => topic?.replaceAll('.', '_')

test('[LB71] channels of one namespace, or of two, never have topics that are the same to Kafka', () => {
  const text = fc.string({ unit: fc.constantFrom('-', '.', '_', 'e', 'u', '2', '5', 'f'), maxLength: 6 })
  const place = fc.record({ namespace: text, name: text })
  const topicIn = ({ namespace, name }: { namespace: string; name: string }) =>
    topicOf(topicsOf('fan.fare', namespace, { mapping: 'per-channel' }).name, name)
  const shared = (namespace: string) => topicsOf('fan.fare', namespace, { mapping: 'shared' }).name
  fc.assert(
    fc.property(place, place, (one, other) => {
      const isSame = one.namespace === other.namespace && one.name === other.name
      expect(toKafka(topicIn(one)) === toKafka(topicIn(other))).toBe(isSame)
      expect(toKafka(shared(one.namespace)) === toKafka(shared(other.namespace))).toBe(one.namespace === other.namespace)
      expect(toKafka(shared(one.namespace))).not.toBe(toKafka(topicIn(other)))
    }),
    { numRuns: 5000 },
  )
  const examples = [
    { namespace: 'game', name: 'eu.1' },
    { namespace: 'game.eu', name: '1' },
    { namespace: 'game', name: 'eu_1' },
    { namespace: 'game_eu', name: '1' },
    { namespace: 'price', name: 'AAPL' },
  ]
  expect(examples.map(topicIn)).toEqual([
    ...['fan.fare.game.eu--2e1', 'fan.fare.game--2eeu.1', 'fan.fare.game.eu_1', 'fan.fare.game--5feu.1', 'fan.fare.price.AAPL'],
  ])
})

test('[LB71] topics overlap where one may be the other’s, or be the same to Kafka', () => {
  const each = (name: string): NamespaceTopics => ({ mapping: 'per-channel', name })
  const one = (name: string): NamespaceTopics => ({ mapping: 'shared', name })
  const cases: [NamespaceTopics, NamespaceTopics, boolean][] = [
    [each('game_'), each('game.'), true],
    [each('game_'), each('game_eu_'), true],
    [each('game_'), one('game.eu'), true],
    [each('game_'), one('games'), false],
    [one('game'), one('game'), true],
    [one('game.eu'), one('game_eu'), true],
    [one('game'), one('games'), false],
    [each(''), each(''), true],
    [each(''), each('game_'), true],
    [each(''), one('rooms'), true],
    [each(''), one('fanfare.channels'), false],
    [each('game_'), each('room_'), false],
  ]
  for (const [left, right, isSame] of cases)
    expect([left, right, overlap(left, right), overlap(right, left)]).toEqual([left, right, isSame, isSame])
})
