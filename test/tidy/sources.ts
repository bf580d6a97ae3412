import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { Glob } from 'bun'

/** The repository's root. */
export const root = join(import.meta.dir, '../..')

export interface Source {
  /** From the root, with forward slashes. */
  readonly path: string
  readonly text: string
}

/** Every TypeScript file of some folders. */
export function sourcesIn(...folders: readonly string[]): Source[] {
  return folders.flatMap(folder =>
    [...new Glob(`${folder}/**/*.{ts,tsx}`).scanSync(root)].sort().map(path => ({ path, text: readFileSync(join(root, path), 'utf8') })),
  )
}

const importing = /(?:^|\n)\s*(?:import|export)\s(?:[^'"]*?\sfrom\s)?['"]([^'"]+)['"]/g

/** The files of this repository that a file imports, from the root. */
export function importsOf({ path, text }: Source): string[] {
  return [...text.matchAll(importing)]
    .map(([, target = '']) => target)
    .filter(target => target.startsWith('.'))
    .map(target => relative(root, join(root, dirname(path), target)))
}

export function isTest({ path }: Source): boolean {
  return /\.test\.tsx?$/.test(path)
}
