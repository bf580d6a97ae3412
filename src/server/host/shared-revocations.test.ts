import { expect, test } from 'bun:test'
import { Revocations, silentLog } from '../../hub/index.ts'
import { systemClock } from '../../kit/index.ts'
import { migrateSql, openSql } from '../../store/index.ts'
import { KeptRevocations } from '../application/kept-revocations.ts'
import { revocationTables, SharedRevocations } from './shared-revocations.ts'

const user = (issuedBefore: number, expireAt = 0) => ({ kind: 'user', user: 'ann', channel: '', issuedBefore, expireAt }) as const

test('[FL8] revocations outlive nodes in the rows that these share; what two nodes revoke at once is joined, and what is over goes', async () => {
  const sql = await openSql('sqlite::memory:')
  await migrateSql(sql, revocationTables.name, revocationTables.migrations)
  const node = async () => {
    const revocations = new Revocations(systemClock)
    const rows = await SharedRevocations.open(sql, silentLog)
    return { revocations, kept: new KeptRevocations(revocations, rows, systemClock) }
  }
  const [first, second] = [await node(), await node()]
  await Promise.all([first.kept.keep(user(2000)), second.kept.keep(user(1000))])
  await second.kept.keep({ kind: 'token', uid: 'old', expireAt: 1 })
  const later = await node()
  expect(later.revocations.coversConnection('ann', { issuedAt: 1500 })).toBe(true)
  expect(later.revocations.coversConnection('ann', { issuedAt: 2500 })).toBe(false)
  expect(later.revocations.size).toBe(1)
  const left = await sql.all<{ key: string }>('select key from revocation')
  expect(left.map(({ key }) => key)).toEqual(['user ["ann",""]', 'user ["ann",""]'])
  await sql.close()
})
