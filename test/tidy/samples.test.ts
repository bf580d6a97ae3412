import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Glob } from 'bun'
import { root } from './sources.ts'

const pages = ['README.md', ...filesOf('docs/*.md'), ...filesOf('examples/**/*.md')]
const read = (path: string) => readFileSync(join(root, path), 'utf8')

/** The code blocks of every page that people copy from. */
const blocks = pages.flatMap(path =>
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

function filesOf(pattern: string): string[] {
  return [...new Glob(pattern).scanSync(root)].sort()
}
