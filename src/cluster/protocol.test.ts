import { describe, expect, test } from 'bun:test'
import { z } from 'zod'
import { SimClock } from '../../sim/core/clock.ts'
import { PipeSocket } from '../../test/kit/fakes/link-pipe.ts'
import { type Log, silentLog } from '../hub/index.ts'
import { Children, type ChildrenContext } from './children.ts'
import { ControlLog } from './control-log.ts'
import { Handlers } from './handlers.ts'
import { linkVersion, protocol } from './protocol.ts'
import { notify, request } from './row.ts'

describe('the protocol of links', () => {
  test('[N33] every row has the name under which it stands in the table', () => {
    expect(Object.entries(protocol).filter(([key, { name }]) => key !== name)).toEqual([])
  })

  test('[N33] a new question is a row and its handler; what cannot be read is refused with its name, and unknown ones are said to be so', () => {
    const double = request('double', z.object({ n: z.number() }), z.number())
    const note = notify('note', z.object({ text: z.string() }))
    const noted: string[] = []
    const handlers = new Handlers<{ factor: number }>()
      .handle(double, ({ factor }, { n }) => n * factor)
      .handle(note, (_context, { text }) => void noted.push(text))
    expect(handlers.request({ factor: 2 }, 'double', { n: 21 })).toBe(42)
    expect(() => handlers.request({ factor: 2 }, 'double', { n: '21' })).toThrow(/double: n: /)
    expect(() => handlers.request({ factor: 2 }, 'halve', {})).toThrow(/halve/)
    handlers.notified({ factor: 2 }, 'note', { text: 'a' })
    handlers.notified({ factor: 2 }, 'unknown', { text: 'b' })
    expect(noted).toEqual(['a'])
    expect(() => handlers.notified({ factor: 2 }, 'note', {})).toThrow(TypeError)
  })
})

describe('a node that links', () => {
  /** What a server answers to lines from below, and logs. */
  function linkTo(...lines: unknown[]) {
    const clock = new SimClock()
    const logged: string[] = []
    const log: Log = { ...silentLog, warn: (_fields, message) => logged.push(message), error: (_fields, message) => logged.push(message) }
    // A node of another release gets no further than its first line.
    const context: Pick<ChildrenContext, 'clock' | 'log' | 'controls'> = { clock, log, controls: new ControlLog('above') }
    const children = new Children({ ...missing, ...context })
    const [lower, upper] = PipeSocket.pair(clock)
    const child = children.accept(upper)
    upper.received = text => child.received(text)
    const answers: unknown[] = []
    const ended: number[] = []
    lower.received = text =>
      answers.push(
        ...text
          .trim()
          .split('\n')
          .map(line => JSON.parse(line)),
      )
    lower.ended = code => ended.push(code)
    for (const line of lines) lower.send(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`)
    clock.advance(10)
    children.close()
    return { answers, ended, logged }
  }

  test('[N34] of another release is refused, and both ends say which and what to do', () => {
    const { answers, logged } = linkTo(['q', 1, 'hello', { node: 'old', version: 3 }])
    expect(answers).toEqual([
      [
        'e',
        1,
        { code: 4426, message: `the node upstream is of another release: run the same on both (node link ${linkVersion} there, 3 here)` },
      ],
    ])
    expect(logged).toEqual(['a node was refused: it runs another release; run the same on both'])
  })

  test('[N34] says hello first', () => {
    expect(linkTo(['q', 1, 'presence', { channel: 'c' }]).answers).toMatchObject([['e', 1, { code: 107 }]])
  })

  test('[N34] whose lines cannot be read is cut off', () => {
    for (const line of ['{', '{}', '[]', ['x', 1], ['q', 'one', 'hello', {}], ['q', 1], ['e', 'one', 'no error'], ['s', 'unsubscribe', {}]])
      expect([line, linkTo(line).ended]).toEqual([line, [4400]])
  })
})

const missing: ChildrenContext = {
  ...{ clock: new SimClock(), log: silentLog, controls: new ControlLog(), secret: 's', isSecret: () => true, isRoot: true },
  peers: undefined,
  node: unexpected,
  exchange: unexpected,
  welcome: unexpected,
  revocations: unexpected,
  redeem: unexpected,
  changeWatch: unexpected,
  takeWatch: unexpected,
  happened: unexpected,
  left: unexpected,
  changed: unexpected,
  parted: unexpected,
}

function unexpected(): never {
  throw new Error('nothing of this was asked for')
}
