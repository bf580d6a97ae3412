import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { FetchedStream, until } from '../kit/index.ts'
import { Driver, type Told } from './driver.ts'
import { Line } from './line.ts'
import { Site } from './site.ts'
import { type Language, lacksSdk } from './toolchains.ts'

let site: Site
beforeAll(async () => {
  site = await Site.start()
})
afterAll(() => site[Symbol.asyncDispose]())

interface Push {
  readonly connect?: { readonly subs: Readonly<Record<string, { readonly publications?: readonly { readonly data: unknown }[] }>> }
  readonly batch?: readonly Push[]
  readonly pub?: { readonly data: unknown }
  readonly disconnect?: { readonly code: number }
}

const parsed = ({ data }: Told): Push => JSON.parse(String(data))
const eventsOf = (driver: Driver) => driver.told.filter(({ on }) => on === 'event')

function published(driver: Driver, channel: string): unknown[] {
  return eventsOf(driver).flatMap(event => {
    const push = parsed(event)
    const recovered = push.connect?.subs[channel]?.publications ?? []
    return [...recovered, ...(push.batch ?? [push]).flatMap(({ pub }) => pub ?? [])].map(({ data }) => data)
  })
}

const clients: readonly (readonly [Language, string])[] = [
  ['python', 'httpx-sse'],
  ['go', 'r3labs/sse'],
]

for (const [language, name] of clients) {
  describe.skipIf(lacksSdk(language, name))(name, () => {
    test('[E46] hands out events with data alone, whatever heartbeats come, and comes back with its cursor to everything it missed, once', async () => {
      const channel = `kept:${language}-stream`
      await using driver = new Driver(language)
      await using line = await Line.to(site.url)
      const path = `/sse?channel=${channel}&token=${await site.token()}`
      await driver.call('stream', { client: 'alice', url: `${line.url}${path}` })
      await driver.next('the first event', ({ on }) => on === 'event')
      let top = 0
      for (let turn = 0; turn < 10; turn++) {
        // Heartbeats have come to the SDK as well once another stream has had so many since it was there.
        using beside = new FetchedStream(`${site.url}${path}`)
        await until('heartbeats came', () => beside.comments >= 2)
        await site.publishAll(channel, [++top, ++top])
        await driver.next(`publication ${top}`, event => event.on === 'event' && String(event.data).includes(`"data":${top},`))
        line.down()
        await site.publishAll(channel, [++top, ++top, ++top])
        line.up()
        await driver.next(`publication ${top}`, event => event.on === 'event' && String(event.data).includes(`"data":${top},`))
      }
      expect(eventsOf(driver).filter(({ data }) => data === '' || data === null)).toEqual([])
      expect(published(driver, channel)).toEqual(Array.from({ length: top }, (_, n) => n + 1))
      expect(driver.told.filter(({ on }) => on === 'opened').length).toBeGreaterThanOrEqual(11)
    })

    test('[E46] reads why a server that shuts down ends its stream', async () => {
      await using other = await Site.start()
      await using driver = new Driver(language)
      await driver.call('stream', { client: 'alice', url: `${other.url}/sse?channel=kept:a&token=${await other.token()}` })
      await driver.next('the first event', ({ on }) => on === 'event')
      other.fanfare.signal('SIGTERM')
      await driver.next('the end', event => event.on === 'event' && parsed(event).disconnect?.code === 3001)
    })
  })
}
