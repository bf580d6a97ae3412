import { chmodSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Glob } from 'bun'

/** A `go` that is new enough for the driver's module, and what its environment must say. */
export interface GoCommand {
  readonly program: string
  readonly env: Readonly<Record<string, string>>
}

const wanted = /^go (\S+)$/m.exec(readFileSync(join(import.meta.dir, 'go/go.mod'), 'utf8'))?.[1] ?? ''

/**
 * Distributions ship older versions than centrifuge-go wants. From 1.21 on `go` fetches another toolchain by itself where it may; an older
 * one is told to fetch it as the module that it is.
 */
export function goCommand(program: string, cache: string): GoCommand {
  const [, version = ''] = /go version go(\S+)/.exec(run(program, ['version'])) ?? []
  if (isAtLeast(version, wanted)) return { program, env: {} }
  if (isAtLeast(version, '1.21')) return { program, env: { GOTOOLCHAIN: 'auto' } }
  const arch = process.arch === 'x64' ? 'amd64' : process.arch
  const told = run(program, ['mod', 'download', '-json', `golang.org/toolchain@v0.0.1-go${wanted}.${process.platform}-${arch}`], {
    GOMODCACHE: join(cache, 'go-modules'),
    GOFLAGS: '-modcacherw',
  })
  const folder = String(JSON.parse(told).Dir)
  // Modules hold no programs elsewhere, so that nothing in them may be run.
  for (const programs of ['bin/*', 'pkg/tool/*/*'])
    for (const path of new Glob(programs).scanSync({ cwd: folder, absolute: true })) chmodSync(path, 0o755)
  return { program: join(folder, 'bin/go'), env: { GOTOOLCHAIN: 'local' } }
}

function isAtLeast(version: string, least: string): boolean {
  return version.localeCompare(least, 'en', { numeric: true }) >= 0
}

function run(program: string, words: readonly string[], more: Readonly<Record<string, string>> = {}): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync([program, ...words], { env: { ...process.env, ...more }, cwd: import.meta.dir })
  if (exitCode !== 0) throw new Error(`${program} ${words.join(' ')} ended with ${exitCode}: ${stderr}`)
  return stdout.toString()
}
