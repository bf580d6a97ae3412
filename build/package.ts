import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import packed from '../package.json'

// Makes `dist`, which the package carries beside its sources (npm calls this before it packs): declarations for TypeScript, which would
// otherwise compile our sources by the rules of whoever installs them, and the browser layers as JavaScript.

const root = join(import.meta.dir, '..')

rmSync(join(root, 'dist'), { recursive: true, force: true })
declare()
for (const door of Object.values(packed.exports)) {
  if (typeof door === 'string') continue
  if ('bun' in door) await explain(door['fanfare-source'], door.default)
  else await bundle(door['fanfare-source'], door.default)
}

function declare(): void {
  const command = [join(root, 'node_modules/.bin/tsc'), '-p', join(root, 'build/tsconfig.json')]
  const { exitCode } = Bun.spawnSync(command, { stdio: ['ignore', 'inherit', 'inherit'] })
  if (exitCode !== 0) process.exit(exitCode)
}

/** Other packages are not taken in: who installs this one has them. */
async function bundle(source: string, target: string): Promise<void> {
  const { outputs } = await Bun.build({ entrypoints: [join(root, source)], target: 'browser', packages: 'external' })
  for (const output of outputs) writeFileSync(join(root, target), await output.text())
}

/**
 * What whoever imports a server's door without Bun runs into. It has the names of what is imported: a module that lacks one is refused
 * before its first line could say anything.
 */
async function explain(source: string, target: string): Promise<void> {
  const names = Object.keys(await import(join(root, source)))
  const words =
    'fanfare: the server runs on Bun, which came with it: start this program with "npx bun FILE" in place of "node FILE". fanfare/chat runs anywhere.'
  writeFileSync(join(root, target), `export let ${names.join(', ')}\nthrow new Error(${JSON.stringify(words)})\n`)
}
