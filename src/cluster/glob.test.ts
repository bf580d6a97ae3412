import { describe, expect, test } from 'bun:test'
import { globOf } from './glob.ts'

function matches(pattern: string, name: string): boolean | undefined {
  return globOf(pattern)?.(name)
}

describe('a pattern of channels', () => {
  test.each([
    ['*', '', true],
    ['*', 'news:a/b', true],
    ['news:*', 'news:', true],
    ['news:*', 'new:s', false],
    ['*:a', 'news:a', true],
    ['*:a*b', 'news:a-b-b', true],
    ['n?ws', 'news', true],
    ['n?ws', 'nws', false],
    ['[a-c]x', 'bx', true],
    ['[!a-c]x', 'bx', false],
    ['[!a-c]x', 'dx', true],
    ['[-x]', '-', true],
    ['{news,chat}:*', 'chat:1', true],
    ['{news,chat}:*', 'cha:1', false],
    ['{a,{b,c}d}', 'cd', true],
    ['a{,s}', 'a', true],
    ['\\*', '*', true],
    ['\\*', 'a', false],
    ['a.b', 'axb', false],
    ['(a|b)+', '(a|b)+', true],
    ['chat:🙂', 'chat:🙂', true],
    ['chat:?', 'chat:🙂', true],
    ['}', '}', true],
  ])('[A16] %s on %s: %p', (pattern, name, expected) => {
    expect(matches(pattern, name)).toBe(expected)
  })

  test('[A16] one that makes no sense, or stands for too many, is refused', () => {
    expect(globOf('[z-a]')).toBeUndefined()
    expect(globOf('{a,b,c,d,e,f}'.repeat(4))).toBeUndefined()
  })

  test('[A16] takes no longer for a hostile pattern', () => {
    const hostile = globOf(`${'*a'.repeat(100)}b`)
    const name = 'a'.repeat(255)
    // One that tried every way to read the pattern would never end.
    for (let n = 0; n < 100; n++) expect(hostile?.(name)).toBe(false)
  })
})
