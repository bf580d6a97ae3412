import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { lacks } from '../kit/index.ts'
import { ChatSite } from './chat-site.ts'
import { closeTabs } from './chat-tab.ts'

describe.skipIf(lacks('chromium', 'pushes that a browser shows'))('a push that comes to a browser', () => {
  let site: ChatSite
  beforeAll(async () => {
    site = await ChatSite.start()
  })
  afterAll(() => site?.[Symbol.asyncDispose]())

  test('[M59] a push becomes one notification for each conversation, which goes when it was read elsewhere or taken back', async () => {
    const tab = await site.open(await site.browserOf({ permissions: ['notifications'] }), 'tom')
    const { page } = tab
    const session = await page.context().newCDPSession(page)
    const registered = new Promise<string>(resolve => {
      session.on(
        'ServiceWorker.workerRegistrationUpdated',
        ({ registrations: [first] }) => first !== undefined && resolve(first.registrationId),
      )
    })
    await session.send('ServiceWorker.enable')
    await page.evaluate(async () => {
      const { installing, waiting, active } = await navigator.serviceWorker.register('/chat/push-worker.js')
      const worker = installing ?? waiting ?? active
      while (worker?.state !== 'activated') await new Promise(resolve => worker?.addEventListener('statechange', resolve, { once: true }))
    })
    const registrationId = await registered
    const push = (note: object) =>
      session.send('ServiceWorker.deliverPushMessage', { origin: site.url, registrationId, data: JSON.stringify(note) })
    const shown = () =>
      page.evaluate(async () => {
        const registration = await navigator.serviceWorker.getRegistration('/chat/push-worker.js')
        return ((await registration?.getNotifications()) ?? [])
          .map(({ tag, data }) => `${tag} ${data.seq}`)
          .sort()
          .join()
      })
    // A push that is told twice is one notification, and a browser that has much to do may lose one.
    const shows = async (expected: string, note: object) => {
      for (let looks = 0; (await shown()) !== expected; looks++) {
        if (looks % 200 === 0) await push(note)
        expect(looks, `notifications are "${await shown()}", not "${expected}"`).toBeLessThan(10_000)
      }
    }
    await shows('one 4', { kind: 'message', conversation: 'one', seq: 4, badge: 1 })
    await shows('one 5', { kind: 'message', conversation: 'one', seq: 5, badge: 2 })
    await shows('one 5,two 1', { kind: 'message', conversation: 'two', seq: 1, badge: 3 })
    await shows('one 6,two 1', { kind: 'retract', conversation: 'one', seq: 5, latest: 6, badge: 3 })
    await shows('two 1', { kind: 'dismiss', conversation: 'one', seq: 6, badge: 1 })
    await shows('', { kind: 'retract', conversation: 'two', seq: 1, badge: 0 })
    await closeTabs(tab)
  })
})
