import { expect, test } from 'bun:test'
import { isTest, type Source, sourcesIn } from './sources.ts'

/** What is about tests but no promise of the product, with the reason why it looks at the machine's clock. */
const allowed: Readonly<Record<string, string>> = {
  'test/run.ts': 'says how long the run took',
  'test/runner/test-process.ts': 'notes what a file took, and ends one that hangs',
  'test/kit/until.ts': 'gives up after minutes',
  'test/kit/fakes/turn-clock.ts': 'is the clock that others are given',
  'test/kit/tokens.ts': 'makes tokens that last from now on',
  'test/chat/irc-day.ts': 'plays a recording at its pace, and prints its figures',
}

const tests = [...sourcesIn('test'), ...sourcesIn('src', 'sim', 'bench').filter(isTest)].filter(
  ({ path }) => !path.startsWith('test/tidy/'),
)

test('[Y20] no test looks at the machine’s clock: it counts, or has a clock of its own', () => {
  const clocks = [
    /\bperformance\.(?:now|timeOrigin|mark|measure)\b/,
    /\bDate\.now\(/,
    /\bnew Date\(\)/,
    /\bBun\.nanoseconds\(/,
    /\bhrtime\b/,
  ]
  const looking = tests.filter(source => linesMatching(source, clocks).length > 0)
  expect(looking.filter(({ path }) => allowed[path] === undefined).flatMap(source => linesMatching(source, clocks))).toEqual([])
  expect(Object.keys(allowed).filter(path => !looking.some(source => source.path === path))).toEqual([])
})

test('[Y20] no test sets a limit of its own to how long something takes: the runner’s and that of `until` are minutes', () => {
  const limits = [
    /^\s*\}, *(?:[\d_]{3,}|\w*(?:Ms|MS|timeout\w*))\)$/,
    /\bsetDefaultTimeout\((?!deadlineMs\b)/,
    /\.ready\(\d/,
    /\btimeout: [\d_]{3,}/,
  ]
  expect(tests.flatMap(source => linesMatching(source, limits))).toEqual([])
  const alone = /\},\n *[\d_]{4,},?\n *\)$/m
  expect(tests.filter(({ text }) => alone.test(text)).map(({ path }) => path)).toEqual([])
})

function linesMatching({ path, text }: Source, rules: readonly RegExp[]): string[] {
  return text.split('\n').flatMap((line, index) => (rules.some(rule => rule.test(line)) ? [`${path}:${index + 1}: ${line.trim()}`] : []))
}
