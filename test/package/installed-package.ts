import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Folder, Program } from '../kit/index.ts'

const root = join(import.meta.dir, '../..')

/** What a program wrote, and how it ended. */
export interface Ran {
  readonly code: number
  readonly output: string
}

/** An empty project into which this package was installed, from the archive that would be published. */
export class InstalledPackage implements Disposable {
  readonly #folder = new Folder()

  static async install(): Promise<InstalledPackage> {
    const made = new InstalledPackage()
    try {
      await made.#install()
      return made
    } catch (error) {
      made[Symbol.dispose]()
      throw error
    }
  }

  get path(): string {
    return join(this.#folder.path, 'project')
  }

  async #install(): Promise<void> {
    mkdirSync(this.path)
    writeFileSync(join(this.path, 'package.json'), '{ "name": "project", "private": true, "type": "module" }')
    await ended(['npm', 'pack', '--silent', '--pack-destination', this.#folder.path], root)
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const archive = join(this.#folder.path, `fanfare-${version}.tgz`)
    // What the registry was asked for before, npm has kept.
    await ended(['npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', archive], this.path)
  }

  /** A program of the project's own. */
  write(name: string, text: string): string {
    const path = join(this.path, name)
    writeFileSync(path, text)
    return path
  }

  copy(file: string, name: string): void {
    cpSync(join(root, file), join(this.path, name))
  }

  start(command: readonly string[], env: Readonly<Record<string, string>> = {}): Program {
    return new Program(command, env, this.path)
  }

  run(command: readonly string[]): Promise<Ran> {
    return run(command, this.path)
  }

  /** What TypeScript says of the project's files with these options; `types` are those that it has installed beside. */
  async typeCheck(files: readonly string[], options: Readonly<Record<string, unknown>>, types: readonly string[]): Promise<Ran> {
    const modules = join(this.path, 'node_modules/@types')
    mkdirSync(modules, { recursive: true })
    for (const name of types) symlinkOnce(join(root, 'node_modules/@types', name), join(modules, name))
    this.write('tsconfig.json', JSON.stringify({ compilerOptions: { ...options, types, noEmit: true }, files }))
    return this.run([join(root, 'node_modules/.bin/tsc'), '-p', 'tsconfig.json', '--pretty', 'false'])
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]()
  }
}

function symlinkOnce(target: string, path: string): void {
  try {
    symlinkSync(target, path)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
}

async function run(command: readonly string[], cwd: string): Promise<Ran> {
  const child = Bun.spawn([...command], { cwd, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' })
  const [output, errors, code] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited])
  return { code, output: output + errors }
}

async function ended(command: readonly string[], cwd: string): Promise<void> {
  const { code, output } = await run(command, cwd)
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}:\n${output}`)
}
