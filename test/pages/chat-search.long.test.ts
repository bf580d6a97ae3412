import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Page } from 'playwright-core'
import { eventually, lacks, until } from '../kit/index.ts'
import { ChatSite, phone } from './chat-site.ts'
import { closeTabs, type Tab } from './chat-tab.ts'

const lines = 600
const oldSeq = 3

/** Counts what a page asks the server for. */
function counting(page: Page, method: string): () => number {
  let count = 0
  page.on('websocket', socket => {
    socket.on('framesent', ({ payload }) => {
      count += String(payload).split(`"${method}"`).length - 1
    })
  })
  return () => count
}

describe.skipIf(lacks('chromium', 'the search of the chat page'))('search', () => {
  let site: ChatSite
  beforeAll(async () => {
    site = await ChatSite.start()
  })
  afterAll(async () => site?.[Symbol.asyncDispose]())

  /** One with a long chat, a group and another one; all that is searched for is in them. */
  async function withChats(as: string): Promise<Tab> {
    const tab = await site.open(await site.browserOf(), as)
    const account = await tab.account()
    const call = (method: string, data: object) => site.call<{ conversation: string }>(account, method, data)
    const { conversation } = await call('chat.direct', { with: `${as}-friend` })
    for (let n = 1; n <= lines; n++) {
      const text = n === oldSeq ? 'Wir treffen uns im Café an der Straße' : `Line ${n} ${'of some length '.repeat(n % 7)}`
      await call('chat.send', { conversation, cid: `line-${n}`, text, device: 'laptop' })
    }
    const group = (await call('chat.group', { title: 'Café friends', members: [`${as}-cleo`], cid: 'g' })).conversation
    for (let n = 1; n <= 60; n++)
      await call('chat.send', { conversation: group, cid: `group-${n}`, text: `cafe number ${n}`, device: 'laptop' })
    await tab.listed('Café friends').waitFor()
    return tab
  }

  const isInView = (tab: Tab, text: string) => async () => {
    const [box] = await tab.message(text).evaluateAll(rows => rows.map(row => row.getBoundingClientRect().toJSON()))
    return box !== undefined && box.y > 40 && box.y < (tab.page.viewportSize()?.height ?? 0) - 60
  }

  test('[W70, W71] one field searches chats by name and messages of all of them; arrows, Enter and Escape do, and more comes as one scrolls', async () => {
    const tab = await withChats('ida')
    const { page } = tab
    const field = page.getByRole('searchbox', { name: 'Search chats and messages' })
    const found = page.getByRole('region', { name: 'Search results' })
    await field.fill('CAFE')
    await found.getByRole('heading', { name: 'Chats' }).waitFor()
    await eventually(() => found.locator('.list-item:not(.message-hit) .list-title').allTextContents(), ['Café friends'])
    const hits = found.locator('.message-hit')
    await until('messages are there', async () => (await hits.count()) > 20)
    await eventually(() => hits.first().textContent(), expect.stringMatching(/Café friends.*You: cafe number 60$/))
    await eventually(() => hits.first().locator('mark').allTextContents(), ['cafe'])
    await until('all are there', async () => {
      await hits.last().scrollIntoViewIfNeeded()
      return (await hits.count()) === 61
    })
    await eventually(() => hits.last().locator('mark').allTextContents(), ['Café'])

    await field.fill('strasse cafe')
    await until('the one is left', async () => (await hits.count()) === 1)
    await field.press('ArrowDown')
    await eventually(() => page.evaluate(() => document.activeElement?.className), expect.stringContaining('message-hit'))
    await page.keyboard.press('ArrowUp')
    const asked = counting(page, 'chat.history')
    await page.reload()
    await tab.live()
    await field.fill('strasse cafe')
    await until('the one is left', async () => (await hits.count()) === 1)
    await field.press('Enter')
    await until('it is in view', isInView(tab, 'Wir treffen uns'))
    // The newest page as the chat is opened, one around the message, and what scrolling there asks for: not all that is between.
    expect(asked()).toBeLessThanOrEqual(4)
    await page.getByRole('button', { name: 'Jump to the newest message' }).click()
    await until('the newest is in view', isInView(tab, `Line ${lines} `))
    await field.focus()
    await field.press('Escape')
    await eventually(() => field.inputValue(), '')
    await closeTabs(tab)
  })

  test('[W71] from anywhere Ctrl K finds chats and messages; in a chat its own search does', async () => {
    const tab = await withChats('jon')
    const { page } = tab
    await page.keyboard.press('Control+k')
    const field = page.getByRole('combobox', { name: 'Search chats and messages' })
    await field.fill('treffen')
    await page.getByRole('option').filter({ hasText: 'Wir treffen uns' }).waitFor()
    await field.press('Enter')
    await until('it is in view', isInView(tab, 'Wir treffen uns'))
    await page.getByRole('button', { name: 'Search in this chat' }).click()
    const own = page.getByRole('searchbox', { name: 'Search in this chat' })
    await own.fill('line 59')
    await until('the results are there', async () => (await page.locator('.results button').count()) >= 11)
    await own.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await until('the second one is in view', isInView(tab, 'Line 598 '))
    await own.fill('nothing like it')
    await page.getByText('Nothing was found.').waitFor()
    await closeTabs(tab)
  })

  test('[W70] on a phone a hit leads to its message, history goes on in both directions, and back to what was found', async () => {
    const made = await withChats('kim')
    const tab = await site.open(await site.browserOf({ viewport: phone, hasTouch: true, isMobile: true }), 'kim', 'phone')
    await tab.page.evaluate(account => localStorage.setItem('fanfare.chat.account.kim', JSON.stringify(account)), await made.account())
    await tab.page.reload()
    await tab.live()
    const { page } = tab
    await page.getByRole('searchbox', { name: 'Search chats and messages' }).fill('strasse')
    await page.locator('.message-hit').tap()
    await until('it is in view', isInView(tab, 'Wir treffen uns'))
    const newest = () => tab.messages.last().getAttribute('data-seq').then(Number)
    const first = await newest()
    expect(first).toBeLessThan(lines)
    const pane = page.locator('.messages')
    await until('what came after is there', async () => {
      await pane.evaluate(element => element.scrollBy(0, 700))
      return (await newest()) > first
    })
    await page.getByRole('button', { name: 'Back to all chats' }).tap()
    await page.locator('.message-hit').waitFor()
    await page.getByRole('button', { name: 'Clear the search' }).tap()
    await tab.listed('Café friends').waitFor()
    await closeTabs(made, tab)
  })
})
