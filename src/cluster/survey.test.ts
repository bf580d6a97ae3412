import { describe, expect, test } from 'bun:test'
import { SimClock } from '../../sim/core/clock.ts'
import { CommandError, errors } from '../protocol/index.ts'
import { protocol } from './protocol.ts'
import { type Respondent, sumByName, survey } from './survey.ts'

/** Answers what it is asked with what comes of this, after a while or never. */
function respondent(clock: SimClock, afterMs: number, answer: () => unknown): Respondent & { readonly asked: unknown[] } {
  const asked: unknown[] = []
  return {
    asked,
    request: (row, input) => {
      asked.push(input)
      return new Promise((resolve, reject) => {
        clock.after(afterMs, () => {
          try {
            resolve(row.output.parse(answer()))
          } catch (error) {
            reject(error)
          }
        })
      })
    },
  }
}

const refusing = () => {
  throw new CommandError(errors.notAvailable)
}

describe('a survey', () => {
  const start = (isWhole: boolean, ...nodes: [afterMs: number, answer: () => unknown][]) => {
    const clock = new SimClock()
    const respondents = nodes.map(([afterMs, answer]) => respondent(clock, afterMs, answer))
    const outcome = survey(respondents, protocol.channels, { pattern: '*' }, { clock, deadlineMs: 1000, isWhole }).then(
      answers => sumByName(answers),
      (error: unknown) => error,
    )
    return { clock, respondents, outcome }
  }

  test('[N35] asks all in the same turn and gives all answers, in the order of the nodes', async () => {
    const { clock, respondents, outcome } = start(true, [30, () => ({ a: 1, b: 2 })], [10, () => ({ b: 3 })])
    expect(respondents.map(({ asked }) => asked)).toEqual([[{ pattern: '*' }], [{ pattern: '*' }]])
    clock.advance(100)
    expect(await outcome).toEqual({ a: 1, b: 5 })
  })

  test('[N35] that wants the whole fails as the first node that fails, and when one is late', async () => {
    const failing = start(true, [10, () => ({ a: 1 })], [20, refusing])
    failing.clock.advance(100)
    expect(await failing.outcome).toMatchObject({ code: 108 })
    const late = start(true, [10, () => ({ a: 1 })], [2000, () => ({})])
    late.clock.advance(1001)
    expect(await late.outcome).toMatchObject({ code: 100, temporary: true })
  })

  test('[N35] that takes what it gets leaves out who fails or is late', async () => {
    const { clock, outcome } = start(false, [10, () => ({ a: 1 })], [20, refusing], [2000, () => ({ a: 5 })])
    clock.advance(1001)
    expect(await outcome).toEqual({ a: 1 })
  })

  test('[N35] of nobody is answered at once', async () => {
    expect(await start(true).outcome).toEqual({})
  })
})
