import type { Clock } from '../../kit/index.ts'
import { type MigrationStep, PostgresSession } from '../../store/index.ts'
import type { ClusterMember, Lease, LeaseStore, LivingMember, Placement, SlotTerm, Watching } from './lease-store.ts'

/**
 * One row a node, which its renewals alone touch, and one a slot, which changes with its owner alone and is locked by the writes of that
 * owner. Pages are left half empty, so that a new version of a row stays on its page.
 */
export const placementMigrations: readonly MigrationStep[] = [
  `create table cluster_member (
     node text primary key, address text not null, draining integer not null, until timestamp with time zone not null
   ) with (fillfactor = 50)`,
  'create table cluster_lease (slot integer primary key, owner text not null, term integer not null) with (fillfactor = 50)',
]

export interface PostgresLeaseStoreOptions {
  /** The database, in which `placementMigrations` have run. */
  readonly url: string
  /** By what answers are waited for: the system's clock, as they come in real time. */
  readonly clock: Clock
  /** How long a node that is not heard of counts as alive: an answer is waited for less than a third of it. */
  readonly ttlMs: number
}

/** Below the third of the time to live that a node waits for an answer. */
const answerShare = 0.3
/** Where changes of members and owners are told, with the id of the node that made them. */
const channel = 'cluster_placement'
const told = `pg_notify('${channel}', $1)`

/** The slots and terms of two lists. */
const listed = (slots: string, terms: string) => `unnest(${slots}::text::integer[], ${terms}::text::integer[])`

const renewing = `
  with renewed as (
    insert into cluster_member as known (node, address, draining, until)
    values ($1, $2, $3, clock_timestamp() + $4::double precision * interval '1 millisecond')
    on conflict (node) do update set address = excluded.address, draining = excluded.draining, until = excluded.until
    returning node
  )
  select ${told} from renewed where $5::integer = 1`

/** Members that have long been gone, and that nobody has to outbid any more. */
const sweeping = `
  delete from cluster_member as gone
  where until < clock_timestamp() - interval '1 hour' and not exists (select from cluster_lease where owner = gone.node)`

const leaving = `
  with given as (update cluster_lease set owner = '' where owner = $1),
  gone as (delete from cluster_member where node = $1)
  select ${told}`

/** One statement, so that all of it is of one moment; the leases of an owner are one row. */
const reading = `
  select node, address, draining,
    extract(epoch from until - clock_timestamp())::double precision * 1000 as left_ms, cast(null as text) as leases
  from cluster_member where until > clock_timestamp()
  union all
  select owner, null, null, null, string_agg(slot || ' ' || term, ',') from cluster_lease group by owner`

/**
 * The rows of present owners are locked, so that a renewal comes either before, and counts, or after, and its sender then reads what was taken.
 * Slots that a write under way has locked are left for the next time.
 */
const taking = `
  with wanted as materialized (select * from ${listed('$2', '$3')} as listed (slot, term)),
  owners as materialized (
    select node, until from cluster_member
    where node in (select owner from cluster_lease join wanted using (slot, term)) order by node for share
  ),
  self as materialized (select 1 from cluster_member where node = $1 and until > clock_timestamp()),
  free as materialized (
    select slot from cluster_lease join wanted using (slot, term)
    where exists (select from self) and owner not in (select node from owners where until > clock_timestamp())
    for update of cluster_lease skip locked
  ),
  taken as (
    update cluster_lease as lease set owner = $1, term = lease.term + 1 from free where lease.slot = free.slot returning lease.slot, lease.term
  ),
  made as (
    insert into cluster_lease (slot, owner, term)
    select slot, $1, 1 from wanted where term = 0 and exists (select from self)
    on conflict (slot) do nothing returning slot, term
  ),
  changed as materialized (select slot, term from taken union all select slot, term from made),
  telling as materialized (select ${told} from (select 1 from changed limit 1) as any_of_them)
  select slot, term from changed cross join telling`

const releasing = `
  with given as (
    update cluster_lease as lease set owner = '' from ${listed('$2', '$3')} as listed (slot, term)
    where lease.slot = listed.slot and lease.term = listed.term and lease.owner = $1 returning 1
  )
  select ${told} from (select 1 from given limit 1) as any_of_them`

interface ReadRow {
  /** Of a member; or of an owner, whose `leases` are its slots with their terms. */
  readonly node: string
  readonly address: string | null
  readonly draining: number | null
  readonly left_ms: number | null
  readonly leases: string | null
}

/** Members and leases as rows of Postgres, whose clock alone decides who is alive. */
export class PostgresLeaseStore implements LeaseStore {
  readonly #session: PostgresSession
  /** What others know of each member of this process: who comes or changes is told to them. */
  readonly #known = new Map<string, string>()

  constructor({ url, clock, ttlMs }: PostgresLeaseStoreOptions) {
    this.#session = new PostgresSession({ url, clock, answerMs: ttlMs * answerShare, name: 'fanfare leases' })
  }

  async renew({ node, address, isDraining = false }: ClusterMember, ttlMs: number): Promise<void> {
    const state = `${address} ${isDraining}`
    const known = this.#known.get(node)
    if (known === undefined) await this.#session.ask(sweeping)
    await this.#session.ask(renewing, node, address, isDraining ? 1 : 0, ttlMs, known === state ? 0 : 1)
    this.#known.set(node, state)
  }

  async leave(node: string): Promise<void> {
    this.#known.delete(node)
    await this.#session.ask(leaving, node)
  }

  async read(): Promise<Placement> {
    const rows = await this.#session.ask<ReadRow>(reading)
    const members = rows.flatMap(row => membersOf(row)).sort((left, right) => (left.node < right.node ? -1 : 1))
    return { members, leases: rows.flatMap(row => leasesOf(row)) }
  }

  async take(node: string, slots: readonly SlotTerm[]): Promise<readonly SlotTerm[]> {
    const taken = await this.#session.ask<SlotTerm>(taking, node, ...listsOf(slots))
    return taken.map(({ slot, term }) => ({ slot, term })).sort((left, right) => left.slot - right.slot)
  }

  async release(node: string, slots: readonly SlotTerm[]): Promise<void> {
    await this.#session.ask(releasing, node, ...listsOf(slots))
  }

  watch(node: string, changed: () => void): Watching {
    return this.#session.listen(
      channel,
      by => {
        if (by !== node) changed()
      },
      changed,
    )
  }

  close(): Promise<void> {
    return this.#session.close()
  }
}

function listsOf(slots: readonly SlotTerm[]): [slots: string, terms: string] {
  return [`{${slots.map(({ slot }) => slot).join(',')}}`, `{${slots.map(({ term }) => term).join(',')}}`]
}

function membersOf({ node, address, draining, left_ms: leftMs }: ReadRow): LivingMember[] {
  return address === null || leftMs === null ? [] : [{ node, address, isDraining: draining === 1, leftMs }]
}

function leasesOf({ node: owner, leases }: ReadRow): Lease[] {
  if (leases === null) return []
  return leases.split(',').map(lease => {
    const [slot, term] = lease.split(' ')
    return { slot: Number(slot), owner, term: Number(term) }
  })
}
