import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eventually, lacks, still, until } from '../kit/index.ts'
import { ChatSite } from './chat-site.ts'
import { closeTabs } from './chat-tab.ts'

interface Listed {
  readonly conversations: readonly unknown[]
}

describe.skipIf(lacks('chromium', 'what pages keep out'))('what pages keep out', () => {
  let site: ChatSite

  beforeAll(async () => {
    site = await ChatSite.start()
  })

  afterAll(async () => {
    await site?.[Symbol.asyncDispose]()
  })

  test('[W30] a link that joins a group or opens a chat does nothing before its reader has clicked', async () => {
    const ada = await site.open(await site.browserOf(), 'ada')
    const account = await ada.account()
    const { conversation } = await site.call<{ conversation: string }>(account, 'chat.group', { title: 'Club', members: [], cid: 'club-1' })
    const { code } = await site.call<{ code: string }>(account, 'chat.invite', { conversation })
    const bob = await site.open(await site.browserOf(), 'bob')
    const listed = async () => (await site.call<Listed>(await bob.account(), 'chat.conversations', {})).conversations.length
    for (const wish of [`join=${code}`, `with=${encodeURIComponent(account.user)}`]) {
      await bob.page.goto(`${site.url}/chat?as=bob&device=laptop&${wish}`)
      await bob.answer('Cancel')
      await until('the question is gone', async () => (await bob.page.getByRole('dialog').count()) === 0)
      await eventually(async () => [wish, await listed(), new URL(bob.page.url()).search.includes(wish)], [wish, 0, false])
    }
    await bob.page.goto(`${site.url}/chat?as=bob&device=laptop&join=${code}`)
    expect(await listed()).toBe(0)
    await bob.answer('Join')
    await bob.page.getByText('You joined by the invite link').last().waitFor()
    expect(await listed()).toBe(1)
    await closeTabs(ada, bob)
  })

  test.each(['/', '/ops', '/chat', '/sports'])('[W31] markup that gets into %s runs nothing and calls nobody', async path => {
    let calls = 0
    using elsewhere = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: () => {
        calls++
        return new Response('globalThis.hit = true', {
          headers: { 'Content-Type': 'text/javascript', 'Access-Control-Allow-Origin': '*' },
        })
      },
    })
    const page = await (await site.browserOf()).newPage()
    await page.goto(site.url + path)
    const blocked = await page.evaluate(async foreign => {
      const violated: string[] = []
      document.addEventListener('securitypolicyviolation', event => violated.push(event.effectiveDirective))
      const holder = document.createElement('div')
      holder.innerHTML = `<img src="nothing" onerror="globalThis.hit = true"><img src="${foreign}"><base href="${foreign}"><iframe src="${foreign}"></iframe>`
      document.body.append(holder)
      for (const fill of [{ textContent: 'globalThis.hit = true' }, { src: foreign }])
        document.body.append(Object.assign(document.createElement('script'), fill))
      await fetch(foreign).catch(() => undefined)
      await fetch('/healthz')
      await new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)))
      return violated
    }, `http://127.0.0.1:${elsewhere.port}/x`)
    for (const directive of ['script-src-elem', 'img-src', 'connect-src', 'base-uri', 'frame-src']) expect(blocked).toContain(directive)
    await still(() => page.evaluate(() => Reflect.get(globalThis, 'hit')), undefined)
    expect(calls).toBe(0)
    await page.context().close()
  })

  test('[W32] no page stands in a frame of another', async () => {
    using elsewhere = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: () => new Response(`<iframe src="${site.url}/chat"></iframe>`, { headers: { 'Content-Type': 'text/html' } }),
    })
    const page = await (await site.browserOf()).newPage()
    const said: string[] = []
    page.on('console', message => said.push(message.text()))
    await page.goto(`http://127.0.0.1:${elsewhere.port}/`)
    await until('the frame is refused', () => said.some(text => text.includes('frame-ancestors')))
    await page.context().close()
  })
})
