import { describe, expect, test } from 'bun:test'
import { runCommand } from '../../sim/core/command.ts'
import { workloads } from '../../sim/workloads/index.ts'

function run(...args: readonly string[]): { readonly code: number; readonly lines: readonly string[] } {
  const lines: string[] = []
  return { code: runCommand(workloads, args, line => lines.push(line)), lines }
}

describe('the command of the simulation', () => {
  test('[Y64] runs the seeds of a workload in a topology, and says how far it is', () => {
    const { code, lines } = run('--workload', 'sports', '--topology', 'single', '--seeds', '1..2')
    expect([code, lines[0], lines.at(-1)]).toEqual([0, 'sports, single', 'every promise was kept'])
  })

  test('[Y64] names the seed that breaks a promise, and the command that it gives repeats it', () => {
    const { code, lines } = run('--workload', 'sports', '--topology', 'single', '--seeds', '1..20', '--mutant', '0')
    expect(code).toBe(1)
    const repeat = lines.find(line => line.includes('repeat: '))?.replace(/^.*bun sim\/run\.ts /, '')
    const again = run(...(repeat ?? '').split(' ').filter(word => word !== '--trace'))
    const broken = (all: readonly string[]) => all.filter(line => line.startsWith('seed '))
    expect(broken(lines)).toHaveLength(1)
    expect(broken(again.lines)).toEqual(broken(lines))
  })

  test('[Y64] says what it knows where it is asked for something else', () => {
    expect(() => run('--workload', 'tennis')).toThrow('expected one of channels, thin, chat, sports')
    expect(() => run('--workload', 'sports', '--topology', 'ring')).toThrow('"sports" runs in single, fleet')
    expect(() => run('--workload', 'sports', '--seeds', '9..3')).toThrow('expected one like 7 or 1000..2000')
    expect(() => run('--workload', 'sports', '--mutant', '99')).toThrow('has 0 to')
    expect(run('--help').lines.join('\n')).toContain('--workload sports --topology single|fleet')
  })

  test('[HG4] its help tells the mutants of a workload apart', () => {
    const parts = run('--help').lines.join('\n').split('  --workload ').slice(1)
    const mutants = parts.map(part => [...part.matchAll(/--mutant \d+: (.+)/g)].map(([, words]) => words))
    expect(mutants.flat().length).toBeGreaterThan(10)
    for (const words of mutants) expect(words).toEqual([...new Set(words)])
  })
})
