import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { SQL } from 'bun'
import { leaseFence, PostgresLeaseStore, type RowFence, type SlotTerm } from '../../src/cluster/index.ts'
import { between, SteppedClock, seededRandom } from '../../src/kit/index.ts'
import { openSql, type Queries, type Sql } from '../../src/store/index.ts'
import { Cable } from '../kit/fakes/cable.ts'
import { atEnd, lacks, Postgres, rounds, until } from '../kit/index.ts'
import { patientTtlMs, placementDatabase, storeAt } from './placement-database.ts'

const waiting = "select pid from pg_stat_activity where application_name = 'fanfare leases' and wait_event_type = 'Lock'"
const member = (node: string) => ({ node, address: `ws://${node}` })

/** Looks, and locks nothing. */
const lookingFence: RowFence = {
  holds: async (queries, { slot, term }) =>
    (await queries.all('select 1 as held from cluster_lease where slot = ?1 and term = ?2', slot, term)).length > 0,
}

describe.skipIf(lacks('postgres', 'leases and fences in Postgres'))('leases in Postgres', () => {
  let postgres: Postgres
  beforeAll(async () => {
    postgres = await Postgres.start()
  })
  afterAll(() => postgres?.[Symbol.asyncDispose]())

  /** A database with a store of leases for each node, a look from outside, and a log that owners append to. */
  async function stage(...nodes: string[]) {
    const url = await placementDatabase(postgres)
    const stores = new Map(nodes.map(node => [node, storeAt(url)]))
    const sql = await openSql(url)
    await sql.run('create table entry (id serial primary key, slot integer not null, term integer not null, writer text not null)')
    const admin = new SQL(url, { max: 1 })
    atEnd(async () => {
      for (const store of stores.values()) await store.close()
      await sql.close()
      await admin.close({ timeout: 0 })
    })
    const of = (node: string) => {
      const store = stores.get(node)
      if (store === undefined) throw new Error(`no node ${node}`)
      return store
    }
    for (const node of nodes) await of(node).renew(member(node), patientTtlMs)
    return {
      ...{ url, sql, admin, of },
      expire: (node: string) => sql.run("update cluster_member set until = clock_timestamp() - interval '1 second' where node = ?1", node),
      isWaiting: async () => (await sql.all(waiting)).length > 0,
    }
  }

  test('[PL3] a renewal touches the row of its node alone, and none of those that the terms lie in', async () => {
    const { admin, of } = await stage('a')
    await of('a').take(
      'a',
      Array.from({ length: 50 }, (_, slot) => ({ slot, term: 0 })),
    )
    const rows = () => admin.unsafe('select slot, ctid::text, xmin::text, xmax::text from cluster_lease order by slot')
    const before = await rows()
    for (let n = 0; n < 5; n++) await of('a').renew(member('a'), patientTtlMs)
    expect(await rows()).toEqual(before)
    expect(before).toHaveLength(50)
  })

  test('[PL4] a renewal on its way and a take-over do not pass each other: whose renewal comes first keeps its slots', async () => {
    const { admin, of, expire, isWaiting } = await stage('a', 'b')
    await of('a').take('a', [{ slot: 1, term: 0 }])
    await expire('a')
    const renewing = await admin.reserve()
    await renewing.unsafe('begin')
    await renewing.unsafe("update cluster_member set until = clock_timestamp() + interval '1 hour' where node = 'a'")
    const taking = of('b').take('b', [{ slot: 1, term: 1 }])
    let taken: readonly SlotTerm[] | undefined
    void taking.then(slots => {
      taken = slots
    })
    await until('it waits for the renewal', async () => taken !== undefined || (await isWaiting()))
    await renewing.unsafe('commit')
    renewing.release()
    expect(await taking).toEqual([])
  })

  test('[PL5] of many slots those that a write under way holds are left for later, and hold up no other', async () => {
    const { sql, of, expire } = await stage('a', 'b')
    const slots = [1, 2, 3].map(slot => ({ slot, term: 0 }))
    await of('a').take('a', slots)
    await expire('a')
    const taken = await sql.transaction(async tx => {
      expect(await leaseFence.holds(tx, { slot: 2, term: 1 })).toBe(true)
      return await of('b').take(
        'b',
        slots.map(({ slot }) => ({ slot, term: 1 })),
      )
    })
    expect(taken).toEqual([
      { slot: 1, term: 2 },
      { slot: 3, term: 2 },
    ])
    expect(await of('b').take('b', [{ slot: 2, term: 1 }])).toEqual([{ slot: 2, term: 2 }])
  })

  test('[PL5] a node that stands still amid a write holds its slot for a second, and its write is undone', async () => {
    const { sql, of, expire } = await stage('a', 'b')
    await of('a').take('a', [{ slot: 2, term: 0 }])
    await expire('a')
    const [isHeld, isTaken] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const standing = sql.transaction(async tx => {
      await leaseFence.holds(tx, { slot: 2, term: 1 })
      await tx.run("insert into entry (slot, term, writer) values (2, 1, 'a')")
      isHeld.resolve()
      await isTaken.promise
      await tx.run("insert into entry (slot, term, writer) values (2, 1, 'a')")
    })
    standing.catch(() => undefined)
    await isHeld.promise
    await until('another node has it', async () => (await of('b').take('b', [{ slot: 2, term: 1 }])).length > 0)
    isTaken.resolve()
    await expect(standing).rejects.toMatchObject({ reason: 'unavailable' })
    expect(await sql.all('select id from entry')).toEqual([])
  })

  /** A former owner is held up between its look at the lease and its write, while another node takes the slot if it can. */
  async function lateWrites(fence: RowFence): Promise<{ readonly seen: number; readonly there: number }> {
    const { sql, admin, of, expire } = await stage('a', 'b')
    await of('a').take('a', [{ slot: 1, term: 0 }])
    await expire('a')
    const count = async () => (await admin.unsafe<unknown[]>('select id from entry')).length
    let seen: number | undefined
    const takeAndRead = async () => {
      const taken = await of('b').take('b', [{ slot: 1, term: 1 }])
      if (taken.length > 0) seen ??= await count()
    }
    await sql.transaction(async tx => {
      if (!(await fence.holds(tx, { slot: 1, term: 1 }))) return
      await takeAndRead()
      await tx.run("insert into entry (slot, term, writer) values (1, 1, 'a')")
    })
    await until('the slot is taken', async () => {
      if (seen === undefined) await takeAndRead()
      return seen !== undefined
    })
    return { seen: seen ?? 0, there: await count() }
  }

  test('[PL6] who takes a slot and then reads finds all that was ever written under earlier terms', async () => {
    expect(await lateWrites(leaseFence)).toEqual({ seen: 1, there: 1 })
    // So that this could fail: a look that locks nothing lets a write through that nobody saw.
    expect(await lateWrites(lookingFence)).toEqual({ seen: 0, there: 1 })
  })

  test('[PL6] under a term that is over nothing is written', async () => {
    const { sql, of, expire } = await stage('a', 'b')
    await of('a').take('a', [{ slot: 1, term: 0 }])
    const holds = (owned: SlotTerm) => sql.transaction(tx => leaseFence.holds(tx, owned))
    expect(await holds({ slot: 1, term: 1 })).toBe(true)
    expect([await holds({ slot: 1, term: 2 }), await holds({ slot: 2, term: 1 })]).toEqual([false, false])
    await expire('a')
    await of('b').take('b', [{ slot: 1, term: 1 }])
    expect([await holds({ slot: 1, term: 1 }), await holds({ slot: 1, term: 2 })]).toEqual([false, true])
  })

  test('[PL7] however appends and take-overs meet, no term has two writers, and none writes what the next owner has not read', async () => {
    const names = ['a', 'b', 'c']
    const { sql, of, expire } = await stage(...names)
    const slots = [1, 2, 3, 4]
    const contest = new Contest(sql, leaseFence, of)
    for (const slot of slots) await contest.take('a', slot)
    const random = seededRandom(13)
    const [appendsMax, ownersMin] = [rounds(600, 10_000), rounds(30, 300)]
    let isOver = false
    const appending = names.flatMap(name =>
      slots.map(async slot => {
        while (contest.appended < appendsMax || contest.owners < ownersMin) await contest.append(name, slot)
      }),
    )
    const taking = (async () => {
      while (!isOver) {
        const [victim, heir] = [names[between(random, 0, 2)] ?? 'a', names[between(random, 0, 2)] ?? 'b']
        await expire(victim)
        await Promise.all(slots.map(slot => contest.take(heir, slot)))
        await of(victim).renew(member(victim), patientTtlMs)
      }
    })()
    await Promise.all(appending)
    isOver = true
    await taking
    expect(await contest.faults()).toEqual([])
    expect(contest.refused).toBeGreaterThan(0)
  })

  test('[PL8] what is not answered in time is given up, and the next question has another connection, over which changes are told again', async () => {
    const { url, of } = await stage('a')
    const { hostname, port } = new URL(url)
    await using cable = await Cable.to(`ws://${hostname}:${port}`)
    const clock = new SteppedClock()
    const lined = new PostgresLeaseStore({
      url: Object.assign(new URL(url), { port: new URL(cable.upstream).port }).href,
      clock,
      ttlMs: patientTtlMs,
    })
    atEnd(() => lined.close())
    let told = 0
    lined.watch('b', () => told++)
    await until('it watches', () => told > 0)
    await lined.renew(member('b'), patientTtlMs)
    cable.goDead()
    const reading = lined.read()
    const failure = reading.then(
      () => 'an answer',
      (error: unknown) => error,
    )
    clock.advance(patientTtlMs)
    expect(await failure).toMatchObject({ name: 'SqlError', reason: 'unavailable' })
    cable.revive()
    const before = told
    expect((await lined.read()).members.map(({ node }) => node)).toEqual(['a', 'b'])
    await until('it watches again', () => told > before)
    const again = told
    await of('a').leave('a')
    await until('it is told', () => told > again)
  })
})

/** Owners that append for as long as the store lets them, whatever they know, and what each owner read when it began. */
class Contest {
  appended = 0
  refused = 0
  owners = 0
  readonly #terms = new Map<string, number>()
  /** By slot and term: the entries of the slot that were there when the owner of that term read them. */
  readonly #read = new Map<string, number>()

  constructor(
    readonly sql: Sql,
    readonly fence: RowFence,
    readonly of: (node: string) => PostgresLeaseStore,
  ) {}

  async take(node: string, slot: number): Promise<void> {
    const [present] = await this.sql.all<{ term: number }>('select term from cluster_lease where slot = ?1', slot)
    const [taken] = await this.of(node).take(node, [{ slot, term: present?.term ?? 0 }])
    if (taken === undefined) return
    this.owners++
    this.#read.set(`${slot}@${taken.term}`, await this.#count(slot, taken.term))
    this.#terms.set(`${slot} of ${node}`, taken.term)
  }

  /** Under the last term that the node had, though it may have lost the slot since. */
  async append(node: string, slot: number): Promise<void> {
    const term = this.#terms.get(`${slot} of ${node}`)
    if (term === undefined) return await new Promise(resolve => setImmediate(resolve))
    const isWritten = await this.sql.transaction((tx: Queries) => this.#write(tx, node, { slot, term }))
    if (isWritten) this.appended++
    else this.refused++
  }

  async faults(): Promise<string[]> {
    const rows = await this.sql.all<{ slot: number; term: number; writers: number }>(
      'select slot, term, cast(count(distinct writer) as integer) as writers from entry group by slot, term',
    )
    const shared = rows.flatMap(({ slot, term, writers }) => (writers > 1 ? [`${slot}@${term} has ${writers} writers`] : []))
    const missed = []
    for (const [name, seen] of this.#read) {
      const [slot = 0, term = 0] = name.split('@').map(Number)
      const there = await this.#count(slot, term)
      if (there !== seen) missed.push(`the owner of ${name} read ${seen} entries of earlier terms, and there are ${there}`)
    }
    return [...shared, ...missed]
  }

  async #write(tx: Queries, node: string, owned: SlotTerm): Promise<boolean> {
    if (!(await this.fence.holds(tx, owned))) return false
    await tx.run('insert into entry (slot, term, writer) values (?1, ?2, ?3)', owned.slot, owned.term, node)
    return true
  }

  /** The entries of earlier terms. */
  async #count(slot: number, term: number): Promise<number> {
    const [row] = await this.sql.all<{ count: number }>(
      'select cast(count(*) as integer) as count from entry where slot = ?1 and term < ?2',
      slot,
      term,
    )
    return row?.count ?? 0
  }
}
