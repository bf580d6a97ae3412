import { expect, test } from 'bun:test'
import { deceptiveHost } from './link-host.ts'
import { beginningOf } from './message-text.tsx'
import { conversationIn, panelIn } from './place.ts'
import { firstGrapheme, isEmoji, isJumbo, textParts } from './text-parts.ts'

const links = (text: string) => textParts(text).flatMap(part => (part.kind === 'link' ? [part.href] : []))

test.each([
  ['see https://example.com/a?b=1.', ['https://example.com/a?b=1']],
  ['(https://example.com/a)', ['https://example.com/a']],
  ['https://example.com/a_(b)', ['https://example.com/a_(b)']],
  ['HTTPS://EXAMPLE.com', ['https://example.com/']],
  ['"https://example.com" <https://other.example>', ['https://example.com/', 'https://other.example/']],
  ['http://example.com/a javascript:alert(1) data:text/html,x file:///etc', ['http://example.com/a']],
  ['www.example.com/a, (WWW.example.org)', ['https://www.example.com/a', 'https://www.example.org/']],
  ['www. www.example www.1.2 awww.example.com me@www.example.com https://a.example/www.b.example', ['https://a.example/www.b.example']],
  ['*https://example.com/a_b* _www.example.com_', ['https://example.com/a_b', 'https://www.example.com/']],
  ['http://bank.example@evil.example www.bank.example@evil.example', []],
  ['http://example.com/\u200b\u2066x', ['http://example.com/']],
  ['https://bank.example@evil.example/', []],
  ['https://user:secret@evil.example/', []],
  ['https://', []],
  [`https://example.com/${'x'.repeat(3000)}`, []],
  ['https://example.com/\u202egpj.exe', ['https://example.com/']],
])('[M52] of %j only these can be followed: %j', (text, expected) => {
  expect(links(text)).toEqual(expected)
})

test.each([
  ['https://example.com/а', undefined],
  ['https://münchen.de/', undefined],
  ['https://пример.рф/', undefined],
  ['https://例え.jp/', undefined],
  ['https://مثال.com/', undefined],
  ['https://xn--80ak6aa92e.com/', undefined],
  ['https://аррӏе.com/', 'xn--80ak6aa92e.com'],
  ['https://pаypal.com/login', 'xn--pypal-4ve.com'],
  ['https://gооgle.com:8443/?q', 'xn--ggle-55da.com'],
  ['https://paуpal.рф/', 'xn--papal-fze.xn--p1ai'],
  ['https://αρρλε.com/', 'xn--mxairxa.com'],
  ['https://ａpple.com/', 'apple.com'],
  ['http://pаypal.com/', 'xn--pypal-4ve.com'],
  ['www.pаypal.com/login', 'www.xn--pypal-4ve.com'],
  ['https://wıkıpedia.org/', 'xn--wkpedia-rfbb.org'],
])('[M92] of %s the real name is told: %s', (address, host) => {
  expect(deceptiveHost(address)).toBe(host)
})

test('[M52] addresses of nothing but dots are read to their end', () => {
  const text = `https://example.com/a${'.'.repeat(1_000)}b${'.'.repeat(300_000)} https://b.example${'.'.repeat(300_000)}`
  expect(links(text)).toEqual([`https://example.com/a${'.'.repeat(1_000)}b`, 'https://b.example/'])
})

test('[M52] the parts together are the text, to the last character', () => {
  for (const text of ['', 'a', 'a https://b.example/c, d https://e.example', '\ud800 https://x.example \ud800', 'https://b.example)))']) {
    expect(
      textParts(text)
        .map(part => part.text)
        .join(''),
    ).toBe(text)
  }
})

test('[M52] an emoji is one character as one sees it, and one to three alone are large', () => {
  expect(['👍', '❤️', '👍🏽', '👩‍👩‍👧‍👦', '🇩🇪', '✌️', '⚽'].filter(emoji => !isEmoji(emoji))).toEqual([])
  expect(['', 'a', '1', '#', 'ab', '👍👍', 'é'].filter(isEmoji)).toEqual([])
  expect(firstGrapheme(' 👩‍👩‍👧‍👦 and more')).toBe('👩‍👩‍👧‍👦')
  expect([isJumbo('🎉'), isJumbo('🎉🎉🎉'), isJumbo('🎉🎉🎉🎉'), isJumbo('🎉 yes'), isJumbo('123')]).toEqual([
    true,
    true,
    false,
    false,
    false,
  ])
})

test('[M52] a long text is shown in part, cut at a word and never through a character', () => {
  expect(beginningOf('short')).toBe('short')
  const words = beginningOf('word '.repeat(1000))
  expect(words.length).toBeLessThanOrEqual(900)
  expect(words.endsWith('word')).toBe(true)
  expect(beginningOf('line\n'.repeat(100)).split('\n').length).toBe(20)
  expect(beginningOf(`x${'👍'.repeat(2000)}`).isWellFormed()).toBe(true)
})

test('[M58] the address says which conversation and which panel are open, and what is no address of this page opens none', () => {
  expect([conversationIn('/chat/a%20b'), conversationIn('/chat/g_1/'), conversationIn('/chat'), conversationIn('/chat/a/b')]).toEqual([
    ...['a b', 'g_1', undefined, undefined],
  ])
  expect(conversationIn('/chat/%E0%A4%A')).toBeUndefined()
  expect([panelIn('#info-12'), panelIn('#details'), panelIn('#search'), panelIn('#info-x'), panelIn('')]).toEqual([
    { kind: 'info', seq: 12 },
    { kind: 'details' },
    { kind: 'search' },
    { kind: 'none' },
    { kind: 'none' },
  ])
})
