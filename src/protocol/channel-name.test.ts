import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { channelHash, channelNameMax, isChannelName, isPrivate, namespaceOf, usersOf } from './channel-name.ts'

describe('channel names', () => {
  test('[U17] a name has 1 to 255 characters, none of them a control character or half of one', () => {
    for (const name of ['a', 'chat:42', 'x'.repeat(channelNameMax), 'новости', '👍', '$private:1', 'a b'])
      expect(isChannelName(name)).toBe(true)
    for (const name of ['', 'x'.repeat(channelNameMax + 1), 'a\nb', '\0', 'a\x7f', '\ud800']) expect(isChannelName(name)).toBe(false)
  })

  test('[U17] the namespace is what stands before the first colon, whether the channel is private or not', () => {
    const names = ['chat:42', '$chat:42', 'chat:a:b', 'chat', '$chat', ':x', '', 'a$b:c']
    expect(names.map(namespaceOf)).toEqual(['chat', 'chat', 'chat', '', '', '', '', 'a$b'])
    expect(names.map(isPrivate)).toEqual([false, true, false, false, true, false, false, false])
  })

  test('[U17] the users of a channel stand behind the last hash', () => {
    expect(['inbox:#alice', 'dialog:#alice,bob', 'a#b#c', 'open', 'x:#'].map(usersOf)).toEqual([
      ['alice'],
      ['alice', 'bob'],
      ['c'],
      undefined,
      [''],
    ])
  })

  test('[U17] the hash is FNV-1a, the same everywhere', () => {
    expect(['', 'a', 'foobar'].map(channelHash)).toEqual([0x811c9dc5, 0xe40c292c, 0xbf9cf968])
    fc.assert(fc.property(fc.string({ unit: 'binary' }), name => expect(channelHash(name)).toBe(channelHash(name) >>> 0)))
  })
})
