import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { lacks, Postgres, quiet, rounds } from '../kit/index.ts'
import { SlotContest } from './slot-contest.ts'

/** A store that is frozen is so for this long. */
const frozenMs = rounds(3_000, 10_000)

describe.skipIf(lacks('postgres', 'owners of slots over Postgres'))('owners of slots, each in a process of its own', () => {
  let postgres: Postgres
  beforeAll(async () => {
    postgres = await Postgres.start()
  })
  afterAll(() => postgres?.[Symbol.asyncDispose]())

  const three = () => SlotContest.start(postgres, ['a', 'b', 'c'])

  test('[R7] an owner that is stopped and goes on later acknowledges nothing that another one owns by then', async () => {
    await using contest = await three()
    const { process } = contest.owner('a')
    const keys = contest.keysOf('a')
    process.kill('SIGSTOP')
    await contest.takenFrom('a', keys)
    process.kill('SIGCONT')
    await contest.acknowledgedBy('a')
    expect(await contest.faults()).toEqual([])
  })

  test('[R7] an owner that cannot reach Postgres, and one that is killed, are succeeded, and nothing is acknowledged under two terms', async () => {
    await using contest = await three()
    const [a, b] = [contest.owner('a'), contest.owner('b')]
    const keys = contest.keysOf('a')
    a.line.freeze()
    await contest.takenFrom('a', keys)
    a.line.thaw()
    await contest.acknowledgedBy('a')
    const others = contest.keysOf('b')
    b.process.kill('SIGKILL')
    await contest.takenFrom('b', others)
    expect(await contest.faults()).toEqual([])
  })

  test('[R7] while Postgres is frozen nothing is acknowledged; afterwards all go on, under whichever terms, and none twice', async () => {
    await using contest = await three()
    for (const { line } of contest.owners) line.freeze()
    await quiet(frozenMs)
    for (const { line } of contest.owners) line.thaw()
    for (const { name } of contest.owners) await contest.acknowledgedBy(name)
    expect(await contest.faults()).toEqual([])
  })

  test('[R7][PL12] an owner that is told to end gives its slots to others first', async () => {
    await using contest = await three()
    const { process } = contest.owner('a')
    const keys = contest.keysOf('a')
    process.kill('SIGTERM')
    await contest.takenFrom('a', keys)
    expect(await process.exited).toBe(0)
    expect(await contest.faults()).toEqual([])
  })
})
