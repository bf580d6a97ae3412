import { expect, test } from 'bun:test'
import { Chaos } from '../../chaos/chaos.ts'
import { isGood, plainReport } from '../../chaos/report.ts'
import { lacks, lacksKafka } from '../kit/index.ts'

const what = 'chaos'
const isMissing = lacksKafka(what) || lacks('postgres', what) || lacks('haproxy', what)

test.skipIf(isMissing)('[EN20] whatever happens to nodes, brokers and Postgres, nothing acknowledged is lost or there twice', async () => {
  const faults = ['node killed', 'broker killed', 'node cut off Postgres', 'Postgres killed'] as const
  const report = await Chaos.run({ seconds: 35, seed: 1, hasMatch: false, network: 'auto', faults, say: () => undefined })
  if (!isGood(report)) console.log(plainReport(report))
  expect(report.checks.filter(({ against }) => against.length > 0)).toEqual([])
  // A run in which nothing happened shows nothing.
  expect(report.struck.map(({ name }) => name)).toEqual(expect.arrayContaining(['node killed', 'broker killed']))
  expect(Number(report.figures['publications delivered'])).toBeGreaterThan(1000)
})
