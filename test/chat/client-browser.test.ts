import { expect, test } from 'bun:test'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { IndexedDbCache } from '../../src/services/chat/client/index.ts'
import { chatWith } from '../../src/services/chat/index.ts'
import { openSql } from '../../src/store/index.ts'
import { testServer, until, userToken } from '../kit/api.ts'
import { Browser, eventually, lacks } from '../kit/index.ts'
import { ChatPerson } from './chat-person.ts'
import type { PageChat } from './client-page.ts'

const user = 'ann'
const device = 'browser'
const name = `fanfare-chat ${user} ${device}`
/** Nobody listens there. */
const nowhere = 'ws://127.0.0.1:9/connection/websocket'

async function servePage() {
  const server = await testServer({}, { services: [chatWith({ openSql: () => openSql('sqlite::memory:') })] })
  const built = await Bun.build({ entrypoints: [join(import.meta.dir, 'client-page.ts')], target: 'browser' })
  const script = await built.outputs[0]?.text()
  const html = '<!doctype html><meta charset="utf-8"><script src="/client.js"></script>'
  server.server.route('GET', '/client', () => new Response(html, { headers: { 'Content-Type': 'text/html' } }))
  server.server.route('GET', '/client.js', () => new Response(script, { headers: { 'Content-Type': 'text/javascript; charset=utf-8' } }))
  return server
}

/** Calls something of the page's. */
function ask<K extends keyof PageChat>(
  page: Page,
  method: K,
  ...input: Parameters<PageChat[K]>
): Promise<Awaited<ReturnType<PageChat[K]>>> {
  return page.evaluate(([called, given]) => Reflect.get(globalThis, 'chat')[called](...given), [method, input] as const)
}

test.skipIf(lacks('chromium', "chat's client in a browser"))(
  '[M43, M44, M47] in a browser what was written offline survives a reload, goes once from two tabs, and a page opens with what it had',
  async () => {
    const server = await servePage()
    const bob = await ChatPerson.start(server, 'bob')
    const { id } = await bob.client.direct(user)
    const token = await userToken(user)
    const offline = { url: nowhere, user, device, token }
    const online = { ...offline, url: server.wsUrl }
    await using browser = await Browser.launch()
    const context = await browser.launched.newContext()
    const open = async () => {
      const page = await context.newPage()
      page.on('pageerror', error => browser.errors.push(error.message))
      await page.goto(`${server.url}/client`)
      return page
    }
    const first = await open()
    await ask(first, 'start', offline)
    for (const text of ['1', '2', '3']) await ask(first, 'send', id, text)
    await until('they are kept', async () => (await ask(first, 'outbox', name)).length === 3)
    await first.reload()
    await ask(first, 'start', offline)
    await eventually(() => ask(first, 'messages', id), ['waiting 1', 'waiting 2', 'waiting 3'])

    await first.reload()
    const second = await open()
    await Promise.all([ask(first, 'start', online), ask(second, 'start', online)])
    await bob.sees('all of them', () => bob.texts(id).length === 3)
    expect(bob.texts(id)).toEqual(['1', '2', '3'])
    await until('the outbox is empty', async () => (await ask(first, 'outbox', name)).length === 0)
    bob.client.send(id, { text: 'hello' })
    for (const page of [first, second]) {
      await until('it has the answer', async () => (await ask(page, 'messages', id)).some(text => text === 'sent hello'))
      await eventually(async () => (await ask(page, 'messages', id)).map(text => text.replace(/^\S+ /, '')), ['1', '2', '3', 'hello'])
    }
    await until('that is kept', async () => JSON.stringify(await ask(first, 'cached', name)).includes('hello'))
    await first.reload()
    await ask(first, 'start', offline)
    await eventually(() => ask(first, 'list'), ['bob 1'])
    await eventually(async () => (await ask(first, 'messages', id)).at(-1), 'sent hello')
    expect(bob.texts(id)).toEqual(['1', '2', '3', 'hello'])
    expect(browser.errors).toEqual([])
  },
)

test('[M44] where the browser keeps nothing, the cache lives as long as the page', async () => {
  const reported: unknown[] = []
  const before = globalThis.reportError
  globalThis.reportError = error => reported.push(error)
  try {
    const broken = {
      open() {
        throw new Error('no storage')
      },
    }
    const cache = new IndexedDbCache('x', broken as unknown as IDBFactory)
    const entry = { cid: 'c', conversation: 'a', text: 'hi', at: 1, order: 1 }
    await cache.putOutbox(entry)
    await cache.save({ acked: 4, conversations: [{ id: 'a', user, patch: { seq: 3 }, used: 0, isKept: false }] })
    expect(await cache.outbox()).toEqual([entry])
    expect(await cache.load()).toMatchObject({ acked: 4, conversations: [{ id: 'a' }] })
    await cache.dropOutbox('c')
    await cache.forget()
    expect(await cache.outbox()).toEqual([])
    expect(await cache.load()).toEqual({ acked: 0, conversations: [], isWhole: false })
    expect(reported).toHaveLength(1)
  } finally {
    globalThis.reportError = before
  }
})
