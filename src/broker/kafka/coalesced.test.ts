import { expect, test } from 'bun:test'
import { Coalesced } from './coalesced.ts'

test('[KF22] questions that come while one is on its way share the next, which was asked after they came', async () => {
  const asked: PromiseWithResolvers<number>[] = []
  const bounds = new Coalesced(() => {
    const answer = Promise.withResolvers<number>()
    asked.push(answer)
    return answer.promise
  })
  const first = bounds.ask()
  const others = [bounds.ask(), bounds.ask()]
  expect(asked.length).toBe(1)
  asked[0]?.resolve(1)
  expect(await first).toBe(1)
  await Promise.resolve()
  expect(asked.length).toBe(2)
  asked[1]?.reject(new Error('no'))
  expect(await Promise.allSettled(others)).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }])
  const later = bounds.ask()
  expect(asked.length).toBe(3)
  asked[2]?.resolve(3)
  expect(await later).toBe(3)
})
