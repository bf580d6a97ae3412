import { describe, expect, test } from 'bun:test'
import { parseArguments } from './arguments.ts'

const flags = [
  { name: 'port', type: 'integer' },
  { name: 'client.ping_interval', type: 'duration' },
  { name: 'client.insecure', type: 'true | false' },
  { name: 'demo', type: 'on | off' },
]

function given(...args: string[]): Record<string, string> {
  const read = parseArguments(args, flags)
  return read.kind === 'given' ? Object.fromEntries(read.values) : { [read.kind]: '' }
}

function problems(...args: string[]): readonly string[] {
  const read = parseArguments(args, flags)
  return read.kind === 'wrong' ? read.problems : []
}

describe('arguments', () => {
  test('[C27] values stand after a space or an equals sign', () => {
    expect(given('--port', '1', '--client.ping_interval=10s')).toEqual({ port: '1', 'client.ping_interval': '10s' })
    expect(given('--port=')).toEqual({ port: '' })
    expect(given('--port=a=b')).toEqual({ port: 'a=b' })
    expect(given('--port', '-5')).toEqual({ port: '-5' })
    expect(given()).toEqual({})
  })

  test('[C27] a dash in a name is as good as an underscore', () => {
    expect(given('--client.ping-interval', '10s')).toEqual({ 'client.ping_interval': '10s' })
  })

  test('[C27] a switch alone means on', () => {
    expect(given('--client.insecure', '--port', '1')).toEqual({ 'client.insecure': 'true', port: '1' })
    expect(given('--client.insecure', 'false', '--demo', 'off')).toEqual({ 'client.insecure': 'false', demo: 'off' })
    expect(given('--demo')).toEqual({ demo: 'true' })
  })

  test('[C27] help is answered wherever it is asked for', () => {
    expect(parseArguments(['--port', 'x', '--help'], flags)).toEqual({ kind: 'help' })
    expect(parseArguments(['--nope', '-h'], flags)).toEqual({ kind: 'help' })
  })

  const table: [string[], string[]][] = [
    [['--prot', '1'], ['--prot: unknown option, did you mean "--port"?']],
    [['--ping-interval', '1s'], ['--ping-interval: unknown option, did you mean "--client.ping_interval"?']],
    [['--zzz'], ['--zzz: unknown option']],
    [['--port'], ['--port: a value is missing, expected integer']],
    [['--port', '--demo', 'on'], ['--port: a value is missing, expected integer']],
    [['--port', '1', '--port', '2'], ['--port: given twice']],
    [['here'], ['here: unexpected, options are written --name value']],
    [
      ['-p', '1'],
      ['-p: unexpected, options are written --name value', '1: unexpected, options are written --name value'],
    ],
    [
      ['--prot', '1', '--dmeo'],
      ['--prot: unknown option, did you mean "--port"?', '--dmeo: unknown option, did you mean "--demo"?'],
    ],
    [['--__proto__', 'x'], ['--__proto__: unknown option']],
  ]
  test.each(table)('[C27] %j is refused, all of it at once', (args, lines) => {
    expect(problems(...args)).toEqual(lines)
  })
})
