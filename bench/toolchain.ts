import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** The two programs in C that the benchmarks stand on, or why they are not there. */
export type NativeTools =
  | { readonly kind: 'built'; readonly limit: string; readonly load: string }
  | { readonly kind: 'missing'; readonly reason: string }

const sources = join(import.meta.dir, 'native')

/** Builds `native/*.c` into the cache where they are not there yet or are older than their source. */
export async function buildNativeTools(cache: string): Promise<NativeTools> {
  const compiler = Bun.which('cc') ?? Bun.which('gcc') ?? Bun.which('clang')
  if (compiler === null) return { kind: 'missing', reason: 'no C compiler (cc, gcc or clang)' }
  await mkdir(cache, { recursive: true })
  const [limit, load] = await Promise.all([build(compiler, cache, 'limit'), build(compiler, cache, 'load')])
  if (limit.kind === 'failed') return { kind: 'missing', reason: limit.reason }
  if (load.kind === 'failed') return { kind: 'missing', reason: load.reason }
  return { kind: 'built', limit: limit.path, load: load.path }
}

type Build = { kind: 'built'; path: string } | { kind: 'failed'; reason: string }

async function build(compiler: string, cache: string, name: string): Promise<Build> {
  const source = join(sources, `${name}.c`)
  const path = join(cache, name)
  if ((await modifiedMs(path)) > (await modifiedMs(source))) return { kind: 'built', path }
  const compile = Bun.spawn([compiler, '-O2', '-o', path, source], { stdout: 'ignore', stderr: 'pipe' })
  const complaint = await new Response(compile.stderr).text()
  if ((await compile.exited) === 0) return { kind: 'built', path }
  return { kind: 'failed', reason: `${name}.c did not compile: ${complaint.split('\n')[0] ?? ''}` }
}

async function modifiedMs(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined)
  return found?.mtimeMs ?? 0
}
