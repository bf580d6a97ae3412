import { expect, test } from 'bun:test'
import { Semaphore } from './semaphore.ts'

test('[Y102] as many run at a time as may, the others in the order in which they came, whatever fails', async () => {
  const semaphore = new Semaphore(2)
  const begun: number[] = []
  const ends: (() => void)[] = []
  const runs = [0, 1, 2, 3].map(index =>
    semaphore.run(() => {
      begun.push(index)
      return new Promise<number>((resolve, reject) => ends.push(() => (index === 0 ? reject(new Error('no')) : resolve(index))))
    }),
  )
  const settled = Promise.allSettled(runs)
  expect(begun).toEqual([0, 1])
  ends[0]?.()
  await runs[0]?.catch(() => undefined)
  expect(begun).toEqual([0, 1, 2])
  ends[2]?.()
  await runs[2]
  expect(begun).toEqual([0, 1, 2, 3])
  for (const end of ends) end()
  expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled', 'fulfilled'])
  expect(await semaphore.run(async () => 'free')).toBe('free')
})
