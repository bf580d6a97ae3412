import { expect, test } from 'bun:test'
import { systemClock } from '../../kit/index.ts'
import { Refusals } from './refusals.ts'

function noted(explained = false) {
  const lines: object[] = []
  const put = (fields: object, message: string) => lines.push({ ...fields, message })
  let now = 0
  const clock = { ...systemClock, now: () => now }
  const refusals = new Refusals({ clock, log: { debug: put, info: put, warn: put, error: put }, explained })
  return { refusals, lines, pass: (ms: number) => (now += ms) }
}

test('[F100] of a thousand refusals of a kind one line a second is written, which says how many it stands for', () => {
  const { refusals, lines, pass } = noted()
  for (let count = 0; count < 1000; count++) refusals.note('token', 'its signature is wrong', { address: 'a' })
  refusals.note('origin', 'it is not named')
  pass(1000)
  refusals.note('token', 'it has no signature')
  expect(lines).toEqual([
    { reason: 'its signature is wrong', address: 'a', message: 'refused: token' },
    { reason: 'it is not named', message: 'refused: origin' },
    { reason: 'it has no signature', suppressed: 999, message: 'refused: token' },
  ])
})

test('[F101] the reason of a close fits its frame, whatever script it is in', () => {
  const { refusals } = noted(true)
  for (const letter of ['a', 'ä', '👍']) {
    const { code, reason } = refusals.invalidToken(letter.repeat(200))
    expect([code, Buffer.byteLength(reason) <= 123, reason.isWellFormed()]).toEqual([3500, true, true])
    expect(reason).toStartWith(`invalid token: ${letter}`)
  }
})
