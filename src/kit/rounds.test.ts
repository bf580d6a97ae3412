import { expect, test } from 'bun:test'
import { Rounds } from './rounds.ts'

function stage() {
  const rounds: { end(): void; fail(error: Error): void }[] = []
  const made = new Rounds(() => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    rounds.push({ end: resolve, fail: reject })
    return promise
  })
  return { rounds, made }
}

const turns = async () => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
}

test('[SF7] whoever asks during a round waits for one that begins after, and all of them for the same', async () => {
  const { rounds, made } = stage()
  const done: string[] = []
  void made.ask().then(() => done.push('first'))
  for (const name of ['second', 'third']) void made.ask().then(() => done.push(name))
  expect(rounds).toHaveLength(1)
  rounds[0]?.end()
  await turns()
  expect([done, rounds.length]).toEqual([['first'], 2])
  rounds[1]?.end()
  await turns()
  expect([done, rounds.length]).toEqual([['first', 'second', 'third'], 2])
})

test('[SF7] a round that fails is told to those who waited for it, and the next begins all the same', async () => {
  const { rounds, made } = stage()
  const failed = made.ask()
  const next = made.ask()
  rounds[0]?.fail(new Error('the store is away'))
  await expect(failed).rejects.toThrow('the store is away')
  await turns()
  rounds[1]?.end()
  await next
  expect(rounds).toHaveLength(2)
})
