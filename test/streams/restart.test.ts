import { describe, expect, test } from 'bun:test'
import type { Page } from 'playwright-core'
import { Browser, Curl, lacks, ServerProcess, still, until } from '../kit/index.ts'

const kept = {
  history_size: 5000,
  history_ttl: '10m',
  history_store: 'disk',
  allow_subscribe_for_client: true,
  allow_subscribe_for_anonymous: true,
} as const
const channel = { namespaces: [{ name: 'disk', ...kept }] }

const numbers = (to: number) => Array.from({ length: to }, (_, index) => index + 1)

/** Publishes numbers until the last one, or until the server is gone. */
async function publishUpTo(server: ServerProcess, from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n++) {
    const done = await server.publish('disk:a', n).then(
      () => true,
      () => false,
    )
    if (!done) return
  }
}

const read = (page: Page, name: string): Promise<unknown[]> => page.evaluate(key => Reflect.get(globalThis, key), name)

describe('a restart', () => {
  test.skipIf(lacks('chromium', 'EventSource across a restart'))(
    '[E33] the browser’s own EventSource goes on by itself after a killed and after a drained server, with no gap and nothing twice',
    async () => {
      await using server = await ServerProcess.start({ channel, shutdown: { timeout: '1s' } })
      await using browser = await Browser.launch()
      const page = await browser.open(`${server.url}/page?channel=disk:a`)
      await until('the page is connected', async () => (await read(page, 'opened')).length === 1)
      await publishUpTo(server, 1, 50)
      await until('it has all', async () => (await read(page, 'seen')).length === 50)

      await server.stop('SIGKILL')
      await server.start()
      await publishUpTo(server, 51, 100)
      await until('it is back and has all', async () => (await read(page, 'seen')).length === 100)

      const stopped = server.stop('SIGTERM')
      await publishUpTo(server, 101, 120)
      expect(await stopped).toBe(0)
      await server.start()
      // Each number is at the offset of the same value, so that the top says which was the last to be kept.
      await publishUpTo(server, (await server.top('disk:a')) + 1, 150)
      await until('it is back and has all', async () => (await read(page, 'seen')).length >= 150)

      await still(() => read(page, 'seen'), numbers(150))
      const opened = (await read(page, 'opened')) as { subs: Record<string, { recovered: boolean; was_recovering: boolean }> }[]
      expect(opened.map(({ subs }) => subs['disk:a']).map(sub => [sub?.was_recovering, sub?.recovered])).toEqual([
        [false, false],
        [true, true],
        [true, true],
      ])
      await still(
        () => read(page, 'states'),
        value => expect(value).not.toContain('closed'),
      )
      expect(browser.errors).toEqual([])
    },
  )

  test.skipIf(lacks('curl', 'a draining server'))(
    '[E34] a draining server sends a browser’s EventSource away in words that it understands, and answers everybody else with 503',
    async () => {
      await using server = await ServerProcess.start({ channel, shutdown: { timeout: '10m' } })
      await using first = new Curl(`${server.url}/sse?channel=disk:a`)
      await using second = new Curl(`${server.url}/sse?channel=disk:a`)
      await first.opened()
      await second.opened()
      // It drains for as long as there is a client that was not sent away yet: half a minute for each of the two.
      const stopped = server.stop('SIGTERM')
      await until('the first was sent away', () => first.ended || second.ended)
      const gone = first.ended ? first : second
      expect(gone.events.at(-1)?.data.disconnect).toEqual({ code: 3001, reason: 'shutdown', reconnect: true })
      expect(gone.retries).toHaveLength(2)
      const readiness = await fetch(`${server.url}/readyz`)
      expect(readiness.status).toBe(503)
      await using plain = new Curl(`${server.url}/sse?channel=disk:a`)
      await until('it was answered', () => plain.head !== '')
      expect(plain.status).toBe(503)
      expect(Number(plain.header('retry-after'))).toBeGreaterThan(0)
      // Any status but 200 ends an EventSource for good.
      await using source = new Curl(`${server.url}/sse?channel=disk:a`, { Accept: 'text/event-stream' })
      await source.finished()
      expect([source.status, source.header('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8'])
      expect(source.header('x-content-type-options')).toBe('nosniff')
      expect(source.retries).toHaveLength(1)
      expect(source.retries[0]).toBeGreaterThanOrEqual(500)
      expect(source.events.map(({ data }) => data.disconnect)).toEqual([{ code: 3001, reason: 'shutdown', reconnect: true }])
      await server.stop('SIGKILL')
      await stopped
    },
  )
})
