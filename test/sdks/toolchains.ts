import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { goCommand } from './go-command.ts'

/** The programs of this folder that drive the SDKs, and what each is built and run with. */
const here = import.meta.dir
/** Everything that is fetched or built; git does not see it. */
const cache = join(here, '.cache')

export type Language = 'go' | 'python' | 'java' | 'js'

interface Step {
  readonly command: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

interface Toolchain {
  /** The folder's files of which the build is made: it is made again when one of them changes. */
  readonly sources: readonly string[]
  /** Programs that must be there. */
  readonly needs: readonly string[]
  build(): readonly Step[]
  readonly run: readonly string[]
}

const venv = join(cache, 'python')
const toolchains: Readonly<Record<Language, Toolchain>> = {
  go: {
    sources: ['go/go.mod', 'go/go.sum', 'go/main.go', 'go/peer.go', 'go/stream.go'],
    needs: ['go'],
    build() {
      const { program, env } = goCommand('go', cache)
      return [{ command: [program, 'build', '-C', join(here, 'go'), '-o', join(cache, 'go-driver'), '.'], env }]
    },
    run: [join(cache, 'go-driver')],
  },
  python: {
    sources: ['python/requirements.txt'],
    needs: ['python3'],
    build: () => [
      { command: ['python3', '-m', 'venv', '--clear', venv] },
      {
        command: [join(venv, 'bin/pip'), 'install', '--quiet', '--disable-pip-version-check', '-r', join(here, 'python/requirements.txt')],
      },
    ],
    run: [join(venv, 'bin/python'), '-u', join(here, 'python/driver.py')],
  },
  java: {
    sources: ['java/pom.xml', 'java/src/main/java/Driver.java', 'java/src/main/java/Peer.java'],
    needs: ['mvn', 'java', 'javac'],
    build: () => [{ command: ['mvn', '--quiet', '--batch-mode', '--file', join(here, 'java/pom.xml'), 'compile'] }],
    run: ['java', '-XX:+UseSerialGC', '-Xmx256m', '-cp', `${join(cache, 'java/classes')}:${join(cache, 'java/lib')}/*`, 'Driver'],
  },
  js: { sources: [], needs: [], build: () => [], run: [process.execPath, join(here, 'js/driver.ts')] },
}

/** Why an SDK cannot be driven here; undefined when it can. Builds what has to be built. */
export async function prepare(language: Language): Promise<string | undefined> {
  const { needs, sources, ...toolchain } = toolchains[language]
  const missing = needs.filter(program => Bun.which(program) === null)
  if (missing.length > 0) return `no ${missing.join(', ')}`
  const stamp = join(cache, `${language}.stamp`)
  const wanted = digest(sources)
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return undefined
  mkdirSync(cache, { recursive: true })
  try {
    for (const { command, env } of toolchain.build()) {
      const { exitCode, stdout, stderr } = Bun.spawnSync([...command], { env: { ...process.env, ...env }, stdout: 'pipe', stderr: 'pipe' })
      if (exitCode !== 0) return `${command.slice(0, 3).join(' ')} ended with ${exitCode}: ${stdout}${stderr}`.trim()
    }
  } catch (error) {
    return String(error)
  }
  writeFileSync(stamp, wanted)
  return undefined
}

/** How the driver of a language is started, once it has been prepared. */
export function commandOf(language: Language): readonly string[] {
  return toolchains[language].run
}

/** Languages whose drivers stand ready. */
export function isReady(language: Language): boolean {
  const { sources } = toolchains[language]
  if (sources.length === 0) return true
  const stamp = join(cache, `${language}.stamp`)
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === digest(sources)
}

function digest(sources: readonly string[]): string {
  const hash = createHash('sha256')
  for (const source of sources) hash.update(source).update(readFileSync(join(here, source)))
  return hash.digest('hex')
}

/** Whether an SDK cannot be driven here; says so for each test that goes without. */
export function lacksSdk(language: Language, what: string): boolean {
  if (isReady(language)) return false
  console.log(`SKIP (no ${language} driver): ${what}`)
  return true
}
