import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Glob } from 'bun'
import { parseArguments } from '../src/cli/arguments.ts'
import { configurationFlags } from '../src/cli/configuration.ts'
import { relayFlags } from '../src/cli/relay-arguments.ts'
import { tokenFlags } from '../src/cli/token.ts'

const root = join(import.meta.dir, '..')
const pages = ['README.md', ...filesOf('docs/*.md'), ...filesOf('examples/**/*.md')]
const read = (path: string) => readFileSync(join(root, path), 'utf8')

interface Block {
  readonly path: string
  readonly language: string
  readonly text: string
}

/** The code blocks of every page that people copy from. */
const blocks: readonly Block[] = pages.flatMap(path =>
  [...read(path).matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language = '', text = '']) => ({ path, language, text })),
)

test('[A73] every block of README and documents that can be copied stands, as it is printed, in a file under examples that a test runs', () => {
  // What is left are drawings, and how to run the project itself.
  const samples = blocks.filter(({ language, text }) => language !== 'text' && !/^npm ci/.test(text))
  const files = filesOf('examples/**/*.*').filter(path => !path.endsWith('.md'))
  const tests = [...filesOf('test/**/*.ts'), ...filesOf('src/**/*.test.ts')].map(read).join('\n')
  expect(samples.length).toBeGreaterThan(20)
  for (const { path, language, text } of samples) {
    expect({ path, language, text }).toEqual({ path, language: expect.stringMatching(/./), text })
    const file = files.find(each => read(each).includes(text))
    expect({ path, text, file }).toEqual({ path, text, file: expect.any(String) })
  }
  expect(files.filter(file => !tests.includes(file.replace('examples/', '')))).toEqual([])
})

test('[A73] no line for the shell hides in a sentence, but for the names of commands', () => {
  const lines = pages.flatMap(path => [...read(path).matchAll(/`((?:curl|wget) [^`\n]+)`/g)].map(([, line]) => `${path}: ${line}`))
  expect(lines).toEqual([])
})

test('[A73] every JSON that is printed is JSON, whole or a line each', () => {
  for (const { path, text } of blocks.filter(({ language }) => language === 'json')) {
    const values =
      text.includes('\n}\n') || text.includes('\n {') || text.includes('\n  ') || text.includes('\n "') ? [text] : text.trim().split('\n')
    for (const value of values) expect({ path, value, isJson: isJson(value) }).toEqual({ path, value, isJson: true })
  }
})

test('[A73] every command of the command line that is printed has flags that there are', () => {
  const flags = { start: configurationFlags, relay: [...relayFlags, ...configurationFlags], token: [...tokenFlags, ...configurationFlags] }
  const lines = pages.flatMap(path =>
    [...read(path).matchAll(/(?:fanfare (start|relay|token)|npm (start) --)((?: [^`\n#]+)?)/g)].map(match => ({ path, match })),
  )
  expect(lines.length).toBeGreaterThan(5)
  for (const { path, match } of lines) {
    const [line, command = 'start', , rest = ''] = match
    const name = command === 'relay' || command === 'token' ? command : 'start'
    const args = rest.match(/--[\w.-]+(?:[ =][^-\s][^\s]*)?/g) ?? []
    const given = parseArguments(
      args.flatMap(arg => arg.split(/[ =]/)),
      flags[name],
    )
    expect({ path, line, problems: given.kind === 'wrong' ? given.problems : [] }).toEqual({ path, line, problems: [] })
  }
})

function filesOf(pattern: string): string[] {
  return [...new Glob(pattern).scanSync(root)].sort()
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
