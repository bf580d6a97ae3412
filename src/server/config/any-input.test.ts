import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { options } from '../../cli/shipped.ts'
import { resolveConfig } from './index.ts'

const { settable } = options

const groups = ['client', 'client.token', 'channel', 'channel.namespaces', 'hooks', 'hooks.connect', 'http_api']
const values = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom('30s', 'on', '*', 'http://localhost/', 5, true, [{ name: 'a' }, 5], [{}]),
)

/** `{ 'a.b': 1 }` as `{ a: { b: 1 } }`; a part that is no group yet becomes one. */
function nested(path: string, value: unknown): unknown {
  return path.split('.').reduceRight<unknown>((inner, key) => ({ [key]: inner }), value)
}

test('[C8] whatever a file holds, it is read or refused with paths, and never thrown', () => {
  fc.assert(
    fc.property(fc.constantFrom(...groups, ...settable.keys()), values, fc.constantFrom('127.0.0.1', '0.0.0.0'), (path, value, host) => {
      const resolution = resolveConfig({ options, file: nested(path, value), flags: { host } })
      if (resolution.ok) return
      expect(resolution.problems.length).toBeGreaterThan(0)
      for (const problem of resolution.problems) expect(problem).toMatch(/^[^\n]+: [^\n]+$/)
    }),
    { numRuns: 2000, seed: 7400 },
  )
})

test('[C8] whatever a flag says, it is read or refused, and never thrown', () => {
  fc.assert(
    fc.property(fc.constantFrom(...settable.keys()), fc.string(), (path, text) => {
      const resolution = resolveConfig({ options, flags: { [path]: text } })
      expect(resolution.ok || resolution.problems.length > 0).toBe(true)
    }),
    { numRuns: 2000, seed: 7400 },
  )
})
