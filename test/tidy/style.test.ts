import { expect, test } from 'bun:test'
import { isTest, type Source, sourcesIn } from './sources.ts'

const product = sourcesIn('src', 'sim', 'bench', 'engines', 'chaos', 'examples').filter(source => !isTest(source))
const everything = sourcesIn('src', 'sim', 'bench', 'engines', 'chaos', 'test', 'examples')

/** Lines of a file beyond which a second noun is hiding in it. */
const linesMax = 400

test('[Y6] no file is longer than 400 lines', () => {
  const long = everything
    .filter(({ text }) => text.split('\n').length > linesMax)
    .map(({ path, text }) => `${path}: ${text.split('\n').length}`)
  expect(long).toEqual([])
})

test('[Y7] time and chance stand only in the kit, and in browsers', () => {
  const rules = [/\bDate\.now\(/, /\bsetTimeout\(/, /\bsetInterval\(/, /\bMath\.random\(/, /\bnew Date\(\)/]
  const server = product.filter(({ path }) => path.startsWith('src/') && !path.startsWith('src/kit/') && !isBrowser(path))
  expect(server.flatMap(source => linesMatching(source, rules))).toEqual([])
})

test('[Y8] names are nouns of the field', () => {
  const rules = [/\b(?:class|interface|type|function) \w*(?:Manager|Helper|Util|Utils|Impl)\b/]
  expect(product.flatMap(source => linesMatching(source, rules))).toEqual([])
})

test('[Y9] types are kept: no escapes, no notes for later, no swallowed errors', () => {
  const rules = [/@ts-(?:ignore|expect-error|nocheck)/, /\bas any\b/, /\b(?:TODO|FIXME|XXX|HACK)\b/, /catch(?: \(\w+\))? \{\s*\}/]
  expect(everything.filter(({ path }) => !path.startsWith('test/tidy/')).flatMap(source => linesMatching(source, rules))).toEqual([])
})

test('[Y10] no test is switched off or runs alone', () => {
  const rules = [/\b(?:test|it|describe)\.(?:only|todo)\(/]
  expect(everything.filter(({ path }) => !path.startsWith('test/tidy/')).flatMap(source => linesMatching(source, rules))).toEqual([])
})

/** Pages, and the load client that measures from outside with real timers. */
function isBrowser(path: string): boolean {
  return path.startsWith('src/web/') || /^src\/services\/[^/]+\/web\//.test(path)
}

function linesMatching({ path, text }: Source, rules: readonly RegExp[]): string[] {
  return text.split('\n').flatMap((line, index) => (rules.some(rule => rule.test(line)) ? [`${path}:${index + 1}: ${line.trim()}`] : []))
}
