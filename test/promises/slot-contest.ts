import { join } from 'node:path'
import type { Subprocess } from 'bun'
import type { SlotTerm } from '../../src/cluster/index.ts'
import { placementMigrations } from '../../src/cluster/index.ts'
import { migrateSql, openSql, type Sql } from '../../src/store/index.ts'
import { FrozenLine } from '../kit/fakes/frozen-line.ts'
import { type Postgres, until } from '../kit/index.ts'

/** A write about a key, which only the owner of the key may acknowledge. */
export interface Asked {
  readonly id: number
  readonly key: string
  readonly n: number
}

export interface Told extends Partial<SlotTerm> {
  /** 0 when the process has begun. */
  readonly id: number
  readonly error?: string
}

export interface Acknowledged extends SlotTerm {
  readonly key: string
  readonly n: number
  readonly node: string
}

const table = `create table entry (
  id serial primary key, slot integer not null, term integer not null, writer text not null, name text not null, n integer not null
)`

/** A process that owns slots, and its line to Postgres. */
class Owner {
  readonly process: Subprocess
  readonly #asked = new Map<number, (told: Told) => void>()
  readonly #begun = Promise.withResolvers<void>()
  #count = 0

  constructor(
    readonly name: string,
    readonly line: FrozenLine,
    url: string,
    ttlMs: number,
  ) {
    this.process = Bun.spawn([process.execPath, join(import.meta.dir, 'slot-owner.ts'), name, url, `${ttlMs}`], {
      stdout: 'inherit',
      stderr: 'inherit',
      ipc: (told: Told) => {
        if (told.id === 0) this.#begun.resolve()
        this.#asked.get(told.id)?.(told)
        this.#asked.delete(told.id)
      },
    })
  }

  get begun(): Promise<void> {
    return this.#begun.promise
  }

  /** Never answered where the process is dead or stands still. */
  ask(key: string, n: number): Promise<Told> {
    const id = ++this.#count
    return new Promise(resolve => {
      this.#asked.set(id, resolve)
      if (this.process.exitCode === null && this.process.signalCode === null) this.process.send({ id, key, n } satisfies Asked)
    })
  }
}

/** Processes that own slots over one Postgres, and clients that ask all of them for writes about the same keys on and on. */
export class SlotContest implements AsyncDisposable {
  readonly owners: Owner[] = []
  readonly acknowledged: Acknowledged[] = []
  readonly #keys: readonly string[]
  #isOver = false
  #n = 0

  private constructor(
    readonly sql: Sql,
    readonly url: string,
    readonly ttlMs: number,
    keys: number,
  ) {
    this.#keys = Array.from({ length: keys }, (_, index) => `key ${index}`)
  }

  static async start(postgres: Postgres, names: readonly string[], { ttlMs = 1500, keys = 12 } = {}): Promise<SlotContest> {
    const url = await postgres.database()
    const sql = await openSql(url)
    await migrateSql(sql, 'placement', placementMigrations)
    await sql.run(table)
    const contest = new SlotContest(sql, url, ttlMs, keys)
    for (const name of names) await contest.#add(name)
    for (const key of contest.#keys) void contest.#write(key)
    for (const name of names) await contest.acknowledgedBy(name)
    return contest
  }

  owner(name: string): Owner {
    const owner = this.owners.find(other => other.name === name)
    if (owner === undefined) throw new Error(`no owner ${name}`)
    return owner
  }

  /** The keys whose last write the owner acknowledged. */
  keysOf(name: string): string[] {
    return this.#keys.filter(key => this.acknowledged.findLast(write => write.key === key)?.node === name)
  }

  /** From now on. */
  async acknowledgedBy(name: string): Promise<void> {
    const from = this.acknowledged.length
    await until(`${name} acknowledges`, () => this.acknowledged.slice(from).some(({ node }) => node === name))
  }

  /** Each of the keys was written by another one, from now on. */
  async takenFrom(name: string, keys: readonly string[]): Promise<void> {
    const from = this.acknowledged.length
    await until(`others write what ${name} had`, () => {
      const others = new Set(this.acknowledged.slice(from).flatMap(({ node, key }) => (node === name ? [] : [key])))
      return keys.every(key => others.has(key))
    })
  }

  /** Ends the writing, and holds what was acknowledged against the rows. */
  async faults(): Promise<string[]> {
    this.#isOver = true
    const acknowledged = [...this.acknowledged]
    const rows = await this.sql.all<{ slot: number; term: number; writer: string; name: string; n: number }>(
      'select slot, term, writer, name, n from entry order by id',
    )
    const faults: string[] = []
    const written = new Set(rows.map(({ slot, term, writer, name, n }) => `${name} ${n} ${slot} ${term} ${writer}`))
    for (const { key, n, slot, term, node } of acknowledged)
      if (!written.has(`${key} ${n} ${slot} ${term} ${node}`)) faults.push(`write ${n} of ${key} was acknowledged by ${node} and is lost`)
    const writers = new Map<string, string>()
    const terms = new Map<number, number>()
    for (const { slot, term, writer } of rows) {
      const other = writers.get(`${slot} ${term}`) ?? writer
      if (other !== writer) faults.push(`${other} and ${writer} both wrote slot ${slot} in term ${term}`)
      if (term < (terms.get(slot) ?? 0)) faults.push(`${writer} wrote slot ${slot} in term ${term} after term ${terms.get(slot)}`)
      writers.set(`${slot} ${term}`, writer)
      terms.set(slot, term)
    }
    return faults
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    for (const { process } of this.owners) {
      process.kill('SIGKILL')
      await process.exited
    }
    for (const { line } of this.owners) line.close()
    await this.sql.close()
  }

  async #add(name: string): Promise<void> {
    const url = new URL(this.url)
    const line = new FrozenLine(Number(url.port))
    await until('the line is there', () => line.port > 0)
    url.port = `${line.port}`
    const owner = new Owner(name, line, url.href, this.ttlMs)
    this.owners.push(owner)
    await owner.begun
  }

  /** A client: it asks every owner for its next write, and goes on when one has acknowledged it. What it is not told in time it asks again. */
  async #write(key: string): Promise<void> {
    while (!this.#isOver) {
      const n = ++this.#n
      const answers = this.owners.map(owner => this.#ask(owner, key, n))
      await Promise.race([Promise.any(answers).catch(() => undefined), Bun.sleep(250)])
      await Bun.sleep(5)
    }
  }

  async #ask(owner: Owner, key: string, n: number): Promise<void> {
    const { slot, term, error } = await owner.ask(key, n)
    if (slot === undefined || term === undefined) throw new Error(error ?? 'no answer')
    this.acknowledged.push({ key, n, slot, term, node: owner.name })
  }
}
