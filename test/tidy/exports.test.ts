import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { Glob } from 'bun'
import packed from '../../package.json'
import { isTest, root, type Source, sourcesIn } from './sources.ts'

/** The files that programs import which have installed the package. */
const doors: readonly string[] = Object.values(packed.exports).flatMap(door =>
  typeof door === 'string' ? [] : [door['fanfare-source'].slice('./'.length)],
)

const sources = sourcesIn('src', 'sim', 'bench', 'test', 'build', 'examples')
/** Whatever is imported or passed on, as `file name`; `file *` where all of a file is. */
const imported = new Set(sources.flatMap(importsIn))
/** What grows at the moment passes on names before somebody takes them. */
const growing = /^src\/(?:broker|cluster|server\/config|server\/host)\/|^src\/(?:server|hub)\/index\.ts$/
const own = sources.filter(
  ({ path, text }) => /^(?:src|sim|bench)\//.test(path) && !growing.test(path) && !isTest({ path, text }) && !doors.includes(path),
)

/** A noun is exported for whoever looks it up. */
const nouns = new Set(
  [...readFileSync(join(root, 'GLOSSARY.md'), 'utf8').matchAll(/^\| (\w+(?:, \w+)*) \|/gm)].flatMap(([, words = '']) => words.split(', ')),
)

test('[HG3] an index passes on only what somebody imports from it', () => {
  expect(own.flatMap(source => unusedOf(source, passedOnIn(source)))).toEqual([])
})

test('[HG3] a value that a file exports is imported by another', () => {
  expect(
    own.flatMap(source =>
      unusedOf(
        source,
        valuesOf(source).filter(name => !nouns.has(name)),
      ),
    ),
  ).toEqual([])
})

test('[HG3] a file of src is named by another, which imports it, shows it, or starts it', () => {
  const pages = [...new Glob('src/**/*.{html,css}').scanSync(root), 'bin/fanfare', 'package.json', 'bunfig.toml']
  const texts = [...sources.map(({ text }) => text), ...pages.map(path => readFileSync(join(root, path), 'utf8'))].join('\n')
  const named = new Set([...texts.matchAll(/[\w.-]+\.tsx?\b/g)].map(([name]) => name))
  expect(own.map(({ path }) => path).filter(path => !named.has(path.split('/').at(-1) ?? '') && !path.endsWith('.d.ts'))).toEqual([])
})

function importsIn({ path, text }: Source): string[] {
  const at = (target: string) => relative(root, join(root, dirname(path), target))
  const statements = text.matchAll(/^\s*(?:import|export)\s(?:type\s)?(?:\{([^}]*)\}|\*[^'"]*)\s?from\s['"](\.[^'"]+)['"]/gm)
  const loads = text.matchAll(/import\(['"](\.[^'"]+)['"]\)/g)
  return [
    ...[...statements].flatMap(([, names, target = '']) =>
      names === undefined ? [`${at(target)} *`] : namesIn(names).map(([before]) => `${at(target)} ${before}`),
    ),
    ...[...loads].map(([, target = '']) => `${at(target)} *`),
  ]
}

function unusedOf({ path }: Source, names: readonly string[]): string[] {
  if (imported.has(`${path} *`)) return []
  return names.map(name => `${path} ${name}`).filter(name => !imported.has(name))
}

function passedOnIn({ text }: Source): string[] {
  return [...text.matchAll(/^export\s(?:type\s)?\{([^}]*)\}\sfrom\s/gm)].flatMap(([, names = '']) =>
    namesIn(names).map(([, after]) => after),
  )
}

/** Types are exported for whoever must name them. */
function valuesOf({ text }: Source): string[] {
  return [...text.matchAll(/^export (?:abstract |async )?(?:class|function\*?|const|let) (\w+)/gm)].map(([, name = '']) => name)
}

/** Of `a, type b as c`: the name where it comes from, and the one by which it is known here. */
function namesIn(list: string): (readonly [before: string, after: string])[] {
  return list.split(',').flatMap(part => {
    const [before = '', after = before] = part
      .trim()
      .replace(/^type /, '')
      .split(' as ')
    return before === '' ? [] : [[before, after] as const]
  })
}
