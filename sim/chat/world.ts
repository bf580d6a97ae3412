import { type Random, seededRandom } from '../../src/kit/index.ts'
import type { ChatBounds } from '../../src/server/index.ts'
import { openSql, type Sql } from '../../src/store/index.ts'
import { SimClock } from '../clock.ts'
import { Judge } from '../judge.ts'
import { Machine } from '../machine.ts'
import { Tally } from '../tally.ts'
import { AppDevice } from './app-device.ts'
import { Book } from './book.ts'
import { onBorrowedTime } from './borrowed-time.ts'
import { type ChatCanary, honest } from './canary.ts'
import { Device } from './device.ts'
import { ChatDisk } from './disk.ts'
import { type Rows, readRows } from './rows.ts'
import { ChatServer } from './server.ts'

export interface WorldOptions {
  /** A service that is broken on purpose. */
  readonly canary?: ChatCanary
  /** Is told everything that happens. */
  readonly trace?: (line: string) => void
}

/** How well the machine's store works. */
export interface StoreWeather {
  readonly bounds: ChatBounds
  readonly slowShare: number
  readonly againShare: number
}

const stepMs = 250

/** Time, chance, one machine with a store, and what everybody was told: what a simulation of chat stands on. */
export class ChatWorld {
  readonly time = new SimClock()
  readonly tally = new Tally()
  readonly random: Random
  /** For code that takes none. */
  readonly chance: Random
  readonly judge: Judge
  readonly book: Book
  readonly sql: Sql
  readonly #began: number
  #machine: Machine<ChatServer> | undefined

  constructor(
    seed: number,
    readonly options: WorldOptions,
  ) {
    this.random = seededRandom(seed)
    this.chance = seededRandom(~seed)
    this.#began = this.time.now()
    this.judge = new Judge(() => this.#stamp())
    this.book = new Book(this.judge, () => this.time.now())
    this.sql = this.settled(openSql('sqlite::memory:'))
  }

  get machine(): Machine<ChatServer> {
    if (this.#machine === undefined) throw new Error('nothing was started')
    return this.#machine
  }

  /** @param reached called at every await of the service that asks its store */
  start({ bounds, slowShare, againShare }: StoreWeather, reached: () => void): void {
    const { judge, sql } = this
    const canary = this.options.canary ?? honest
    const random = this.fork()
    this.#machine = new Machine('chat', this.time, (machine, clock) => {
      const disk = new ChatDisk({ rows: sql, clock, random, breakage: canary, reached, slowShare, againShare })
      return new ChatServer({ random, judge, canary, bounds, disk }, machine, clock)
    })
    this.#machine.start()
  }

  device(user: string, name: string): Device {
    const { time, judge, tally, book, machine } = this
    return new Device({ time, judge, tally, book, machine, trace: line => this.trace(line) }, user, name, this.fork())
  }

  app(user: string): AppDevice {
    const { time, judge, tally, book, machine } = this
    return new AppDevice({ time, judge, tally, book, machine, trace: line => this.trace(line) }, user, this.fork())
  }

  rows(): Rows {
    return this.settled(readRows(this.sql))
  }

  /** What a promise comes to that needs no time. */
  settled<T>(promise: Promise<T>): T {
    let done: { readonly value: T } | undefined
    promise.then(
      value => {
        done = { value }
      },
      (error: unknown) => this.judge.break(String(error)),
    )
    this.time.settle()
    if (done === undefined) throw new Error('somebody still has the store to themselves')
    return done.value
  }

  /** Moves time on until a promise is broken; whether none was. */
  advance(ms: number): boolean {
    const end = this.time.now() + ms
    while (this.time.now() < end && this.judge.verdict === undefined) this.time.advance(stepMs)
    return this.judge.verdict === undefined
  }

  /** Runs a part of the story. @returns the first promise that was broken */
  attempt(play: () => void): Error | undefined {
    try {
      const failed = (error: unknown) => this.judge.break(`a client fails: ${error instanceof Error ? error.stack : error}`)
      onBorrowedTime(this.time, this.chance, failed, play)
      return this.judge.verdict
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error))
    } finally {
      void this.sql.close()
      this.time.settle()
    }
  }

  fork(): Random {
    return seededRandom(Math.floor(this.random.next() * 2 ** 32))
  }

  trace(line: () => string): void {
    this.options.trace?.(`${this.#stamp()} ${line()}`)
  }

  #stamp(): string {
    return `${((this.time.now() - this.#began) / 1000).toFixed(3)} s:`
  }
}
