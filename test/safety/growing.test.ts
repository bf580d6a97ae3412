import { describe, test } from 'bun:test'
import { globOf } from '../../src/cluster/glob.ts'
import { permits } from '../../src/hub/index.ts'
import { JsonError, parseDuration, parseJson } from '../../src/kit/index.ts'
import { CommandError, decodeCursor, isChannelName, readDelay, usersOf } from '../../src/protocol/index.ts'
import { createLog } from '../../src/server/index.ts'
import { findWords, foldText } from '../../src/services/chat/model/fold.ts'
import { snippetOf } from '../../src/services/chat/search/snippet.ts'
import { termsOf } from '../../src/services/chat/search/terms.ts'
import { beginningOf } from '../../src/services/chat/web/message-text.tsx'
import { textParts } from '../../src/services/chat/web/text-parts.ts'
import { credentialsOf, Origins, Router } from '../../src/transport/index.ts'

/** So long that work which grows with the square takes hours, and never comes back within the runner’s minutes. */
const length = 3_000_000
const letters = [
  '.',
  '=',
  '-',
  ' ',
  ':',
  '/',
  '(',
  ')',
  '"',
  '\\',
  'a',
  '1',
  '*',
  '%',
  '\u00e4',
  '\u{1f44d}',
  'eyJ-',
  'eyJ.',
  '://',
  'token ',
  'https://',
  'https://a.',
  '[',
  '{"a":',
  '1s',
  'a,',
]

const log = createLog({ level: 'info', format: 'json', color: false, write: () => undefined })
const router = new Router()
router.add('GET', '/sports/games/:id', () => new Response())
router.add('GET', '/api/*', () => new Response())
const origins = new Origins(['https://*.example.org', '*'], true)
const bounds = { depthMax: 32, keysMax: 1000, itemsMax: 10_000 }

/** A header takes no letters beyond Latin-1 and no line breaks. */
const headerOf = (text: string) => text.replaceAll(/[^\x20-\x7e]/g, '?')
const requestWith = (name: string, value: string) => new Request('http://localhost/', { headers: { [name]: headerOf(value) } })

/** What a search does with a text: shorter, as what it makes of it is larger. */
const searchedLength = 300_000

function found(text: string): unknown {
  const folded = foldText(text)
  return [termsOf(folded), snippetOf(text, findWords(folded, ['x', 'a']) ?? [])]
}

/** Everything that reads what a stranger sent, as texts. */
const readers: Record<string, (text: string) => unknown> = {
  textParts: text => textParts(text),
  textPartsOfLink: text => textParts(`https://a.example/${text}`),
  beginningOf: text => beginningOf(text),
  findWords: text => found(text.slice(-searchedLength)),
  decodeCursor: text => decodeCursor(text),
  isChannelName: text => isChannelName(text),
  usersOf: text => usersOf(`a#${text}`),
  parseDuration: text => parseDuration(text),
  readDelay: text => quietly(() => readDelay(text, 'delay')),
  parseJson: text => quietly(() => parseJson(text, bounds)),
  glob: text => globOf('*a*b?[c]')?.(text),
  permits: text => permits([{ channels: ['*a*b*c'], match: 'wildcard', allow: ['sub'] }], text, 'sub'),
  credentials: text => credentialsOf(requestWith('Authorization', text), 'bearer'),
  origin: text => origins.allows(requestWith('Origin', text)),
  host: text => origins.admits(requestWith('Host', text)),
  route: text => router.handle(new Request('http://localhost/'), `/sports/games/${text}`, ''),
  log: text => log.info({ text, err: new Error(text) }, text),
}

function quietly(read: () => unknown): unknown {
  try {
    return read()
  } catch (error) {
    if (error instanceof CommandError || error instanceof JsonError) return undefined
    throw error
  }
}

describe('what strangers send', () => {
  test.each(Object.keys(readers))('[F111] %s takes time that grows with a text and not with its square', name => {
    const read = readers[name]
    for (const letter of letters) read?.(`${letter.repeat(length / letter.length)}x`)
  })
})
