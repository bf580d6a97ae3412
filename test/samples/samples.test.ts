import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Glob } from 'bun'
import { parseArguments } from '../../src/cli/arguments.ts'
import { configurationFlags } from '../../src/cli/configuration.ts'
import { relayFlags } from '../../src/cli/relay-arguments.ts'
import { tokenFlags } from '../../src/cli/token.ts'

const root = join(import.meta.dir, '../..')
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
