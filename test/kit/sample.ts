import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Folder } from './folder.ts'
import { Program } from './servers/program.ts'

const root = join(import.meta.dir, '../..')

/** The text of a file under `examples`, with another server in place of the one on port 7400 of this machine. */
export function sampleText(path: string, url: string): string {
  const { host } = new URL(url)
  return readFileSync(join(root, 'examples', path), 'utf8').replaceAll(/(localhost|127\.0\.0\.1):7400/g, host)
}

/** A sample as a program of somebody who has installed this package, run until the end of the test. */
export class Sample implements AsyncDisposable {
  readonly #folder = new Folder()
  readonly program: Program

  constructor(path: string, url: string, env: Readonly<Record<string, string>> = {}) {
    const file = join(this.#folder.path, basename(path))
    writeFileSync(file, sampleText(path, url))
    install(this.#folder.path)
    this.program = new Program([process.execPath, file], env, this.#folder.path)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program.stop()
    this.#folder[Symbol.dispose]()
  }
}

/** Puts this package, and what samples use beside it, into a folder's `node_modules`. */
export function install(folder: string): void {
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules/fanfare'))
  for (const name of ['centrifuge', 'zod']) symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name))
}
