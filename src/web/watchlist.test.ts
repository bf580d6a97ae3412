import { expect, test } from 'bun:test'
import { Watchlist, type WatchlistOutcome } from './watchlist.ts'

/** A server that answers when it is told to. */
class Server {
  readonly asked: string[] = []
  reopened = 0
  #answer: ((change: WatchlistOutcome) => void) | undefined

  readonly list = new Watchlist(
    ['all'],
    (session, rev, channels) => {
      this.asked.push(`${session} ${rev} ${channels.join('+')}`)
      return new Promise(resolve => {
        this.#answer = resolve
      })
    },
    () => this.reopened++,
  )

  async answers(change: WatchlistOutcome): Promise<void> {
    this.#answer?.(change)
    await Bun.sleep(0)
  }
}

test('[W19] a change goes out when the stream is there, one at a time, and wishes meanwhile are joined into the next', async () => {
  const server = new Server()
  server.list.want(['all', 'a'])
  expect([server.asked, server.list.channels]).toEqual([[], ['all', 'a']])
  server.list.opened('s', 0, ['all'])
  server.list.want(['all', 'a', 'b'])
  server.list.want(['all', 'b'])
  await server.answers('taken')
  await server.answers('taken')
  expect(server.asked).toEqual(['s 1 all+a', 's 2 all+b'])
})

test('[W19] what the stream has already is not asked for, and the same wish again is none', async () => {
  const server = new Server()
  server.list.opened('s', 3, ['all'])
  server.list.want(['all', 'all'])
  expect(server.asked).toEqual([])
  server.list.want(['all', 'a'])
  await server.answers('taken')
  server.list.want(['a', 'all'])
  expect(server.asked).toEqual(['s 4 all+a'])
})

test('[W19] a stream that came back without a change that was under way is asked again under its new name', async () => {
  const server = new Server()
  server.list.opened('s', 0, ['all'])
  server.list.want(['all', 'a'])
  server.list.opened('t', 0, ['all'])
  await server.answers('lost')
  await server.answers('taken')
  expect([server.asked, server.reopened]).toEqual([['s 1 all+a', 't 1 all+a'], 0])
})

test('[W19] a stream that the server does not know is opened anew, with what is wanted', async () => {
  const server = new Server()
  server.list.opened('s', 0, ['all'])
  server.list.want(['all', 'a'])
  await server.answers('lost')
  expect([server.reopened, server.list.channels]).toEqual([1, ['all', 'a']])
  server.list.opened('t', 0, ['all', 'a'])
  expect(server.asked).toHaveLength(1)
})
