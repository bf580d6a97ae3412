import { expect, test } from 'bun:test'
import { type Check, checksOf, nothingKnown } from '../../chaos/checks.ts'
import { LayerChatUser, waitingMax } from '../../chaos/clients/chat-user.ts'
import { Crowd } from '../../chaos/crowd.ts'
import { plainReport } from '../../chaos/report.ts'
import { seededRandom } from '../../src/kit/index.ts'
import { until } from '../kit/index.ts'

/** Where nobody listens. */
const nowhere = { url: 'http://127.0.0.1:1', apiKey: 'key', tokenOf: async () => 'token' }

test('[CH1] a member whose messages are not acknowledged stops writing after some of them', async () => {
  const member = new LayerChatUser(nowhere, 'cem', { pauseMs: 0, againMs: 0 })
  await member.connect().catch(() => undefined)
  member.talk('g1')
  await until('it has written some', () => member.waiting >= waitingMax)
  for (let turn = 0; turn < 200; turn++) await new Promise(resolve => setTimeout(resolve, 0))
  expect(member.waiting).toBe(waitingMax)
  member.close()
})

test('[CH1] a run that waits says for whom, and for how many messages', () => {
  const crowd = new Crowd(nowhere, undefined, seededRandom(1), false)
  crowd.writing.add('sdk-1 in room:1').add('cem in the chat')
  expect(crowd.unacknowledged).toBe('sdk-1 in room:1, cem in the chat (0 messages)')
})

const untriedOf = (checks: readonly Check[]) => checks.filter(({ isTried }) => !isTried).map(({ id }) => id)

test('[CH3] what nothing in the run could have broken was not tried', () => {
  const crowd = (hasMatch: boolean) => new Crowd(nowhere, undefined, seededRandom(1), hasMatch)
  expect(untriedOf(checksOf(crowd(false), nothingKnown))).toEqual(['sports', 'R6', 'R8', 'R7'])
  expect(untriedOf(checksOf(crowd(true), { ...nothingKnown, faults: ['node stopped', 'node cut off Kafka'] }))).toEqual(['R7'])
})

test('[CH3] the report says so, and that what is broken is', () => {
  const check = { id: 'R8', says: 'it holds', against: [], isTried: true }
  const report = { ...{ seed: 1, seconds: 1, network: 'proxies', struck: [], figures: {}, folder: '' }, checks: [check] }
  expect(plainReport(report)).toEndWith('All of it holds.')
  expect(plainReport(report)).toContain('holds      R8')
  const untried = plainReport({ ...report, checks: [check, { ...check, id: 'sports', isTried: false }] })
  expect(untried).toContain('not tried  sports')
  expect(untried).toEndWith('All that was tried holds; not tried: 1.')
  expect(plainReport({ ...report, checks: [{ ...check, against: ['a loss'], isTried: false }] })).toContain('BROKEN     R8')
})
