import { describe, expect, test } from 'bun:test'
import { type IrcLine, readIrcAnswers, readIrcLog } from './irc-log.ts'
import { type IrcStep, scriptOf } from './irc-script.ts'

const log = `[23:58] <amy> hello
=== ben [~ben@example.org]  has joined #somewhere
[23:59] <ben> amy: hi > there
[00:01]  * ben waves
=== amy is now known as amy_away
=== ben shrugs
=== mode/#somewhere [+o ben]  by amy
[00:02] <carl >
=== ben [~ben@example.org]  has left #somewhere ["bye"]
`

describe('a log', () => {
  test('[M3] is read line by line: who said what when, who came and went, and who is called what now', () => {
    const midnight = 24 * 60
    expect(readIrcLog(log)).toEqual([
      { kind: 'said', line: 0, minute: midnight - 2, nick: 'amy', text: 'hello' },
      { kind: 'joined', line: 1, minute: midnight - 2, nick: 'ben' },
      { kind: 'said', line: 2, minute: midnight - 1, nick: 'ben', text: 'amy: hi > there' },
      { kind: 'said', line: 3, minute: midnight + 1, nick: 'ben', text: '* waves' },
      { kind: 'renamed', line: 4, minute: midnight + 1, nick: 'amy', to: 'amy_away' },
      { kind: 'said', line: 5, minute: midnight + 1, nick: 'ben', text: '* shrugs' },
      { kind: 'notice', line: 6, minute: midnight + 1, nick: '' },
      { kind: 'said', line: 7, minute: midnight + 2, nick: 'carl', text: '' },
      { kind: 'left', line: 8, minute: midnight + 2, nick: 'ben' },
    ])
    expect(() => readIrcLog('what is this?')).toThrow('line 0')
  })

  test('[M3] says which line answers which, without those that answer nothing', () => {
    expect(readIrcAnswers('1000 1003 -\n1001 1001 -\n')).toEqual([{ line: 1003, to: 1000 }])
    expect(() => readIrcAnswers('one two -\n')).toThrow('annotation')
  })
})

describe('a script', () => {
  const play = (...lines: readonly (readonly [kind: IrcLine['kind'], nick: string, more?: string])[]) =>
    scriptOf(
      lines.map(([kind, nick, more = ''], line): IrcLine => {
        const place = { line, minute: 0, nick }
        if (kind === 'said') return { ...place, kind, text: more }
        return kind === 'renamed' ? { ...place, kind, to: more } : { ...place, kind }
      }),
      [
        { line: 3, to: 0 },
        { line: 3, to: 1 },
      ],
    ).map(shown)
  const shown = (step: IrcStep) => {
    if (step.kind !== 'say') return `${step.user} ${step.kind}s (${step.how})`
    return `${step.user} says ${step.text}${step.answers === undefined ? '' : ` to ${step.answers}`}`
  }

  test('[M15] whoever speaks or leaves without having joined was there, and comes just before', () => {
    expect(play(['said', 'amy', 'a'], ['left', 'ben'], ['said', 'carl'], ['said', 'amy', 'b'])).toEqual([
      'amy enters (was there)',
      'amy says a',
      'ben enters (was there)',
      'ben exits (left)',
      'carl enters (was there)',
      'amy says b to 1',
    ])
  })

  test('[M15] whoever gives no sign for half an hour, and none after it, has left unseen', () => {
    const said = (nick: string, line: number, minute: number): IrcLine => ({ kind: 'said', line, minute, nick, text: `${minute}` })
    const steps = scriptOf([said('amy', 0, 0), said('ben', 1, 1), said('amy', 2, 30), said('carl', 3, 31), said('amy', 4, 32)])
    expect(steps.map(shown)).toEqual([
      'amy enters (was there)',
      'amy says 0',
      'ben enters (was there)',
      'ben says 1',
      'amy says 30',
      'carl enters (was there)',
      'carl says 31',
      'ben exits (unseen)',
      'amy says 32',
    ])
  })

  test('[M15] a new name leaves a person who they are; a name that another takes, or that joins twice, was given up unseen', () => {
    expect(
      play(
        ['joined', 'amy'],
        ['renamed', 'amy', 'amy_away'],
        ['said', 'amy_away', 'a'],
        ['joined', 'amy'],
        ['joined', 'amy'],
        ['renamed', 'amy_away', 'amy'],
        ['said', 'amy', 'b'],
      ),
    ).toEqual([
      'amy enters (joined)',
      'amy says a',
      'amy~2 enters (joined)',
      'amy~2 exits (unseen)',
      'amy~2 enters (joined)',
      'amy~2 exits (unseen)',
      'amy says b',
    ])
  })
})
