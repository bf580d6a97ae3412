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

const importing = /(?:^|\n)\s*(?:import|export)\s(type\s)?(?:[^'"]*?\sfrom\s)?['"]([^'"]+)['"]/g

export interface ImportLink {
  /** From the root. */
  readonly to: string
  /** Only types are imported: nothing of it runs. */
  readonly isType: boolean
}

/** The files of this repository that a file imports. */
export function linksOf({ path, text }: Source): ImportLink[] {
  return [...text.matchAll(importing)]
    .filter(([, , target = '']) => target.startsWith('.'))
    .map(([, type, target = '']) => ({ to: relative(root, join(root, dirname(path), target)), isType: type !== undefined }))
}

/** The files of this repository that a file imports, from the root. */
export function importsOf(source: Source): string[] {
  return linksOf(source).map(({ to }) => to)
}

export function isTest({ path }: Source): boolean {
  return /\.test\.tsx?$/.test(path)
}
