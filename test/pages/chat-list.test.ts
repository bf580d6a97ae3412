import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { BrowserContextOptions } from 'playwright-core'
import { eventually, lacks, rounds, until } from '../kit/index.ts'
import { ChatSite, phone } from './chat-site.ts'
import { closeTabs, type Tab } from './chat-tab.ts'

const skipped = lacks('chromium', 'the chat in a browser')
const generous = { new_conversation_limit: 100_000, new_member_limit: 100_000, command_rate: { per_second: 10_000, burst: 1000 } }
const many = rounds(600, 5_000)

describe.skipIf(skipped)('the list of chats', () => {
  let site: ChatSite
  beforeAll(async () => {
    site = await ChatSite.start(generous)
  })
  afterAll(() => site?.[Symbol.asyncDispose]())

  const open = async (name: string, options: BrowserContextOptions = {}) => site.open(await site.browserOf(options), name)
  const rows = (tab: Tab) => tab.page.locator('.list-row')
  const begin = async (tab: Tab, count: number, prefix: string) => {
    const account = await tab.account()
    for (let n = 0; n < count; n++)
      await until('the group is made', () =>
        site.call(account, 'chat.group', { title: `${prefix} ${n}`, members: [], cid: `${prefix}-${n}` }).catch((error: unknown) => {
          // Thousands at once are beyond the rate of one user.
          if (!String(error).includes('"code":111')) throw error
        }),
      )
  }
  /** Thousands may take a slow page minutes: it is waited for as long as more of them come. */
  const whole = async (tab: Tab) => {
    const size = async () => Number(await rows(tab).first().getAttribute('aria-setsize'))
    for (let seen = 0; seen < many; ) {
      const before = seen
      seen = await until('more chats are listed', async () => {
        const now = await size()
        return now > before && now
      })
    }
    expect(await size()).toBe(many)
  }
  const menu = async (tab: Tab, title: string, action: string) => {
    await tab.listed(title).first().click({ button: 'right' })
    await tab.page.getByRole('menuitem', { name: action, exact: true }).click()
  }
  const erase = async (tab: Tab, title: string) => {
    await menu(tab, title, 'Delete the chat')
    await tab.answer('Delete')
    await tab.listed(title).waitFor({ state: 'detached' })
  }

  test('[W61] of many chats those in the window are drawn, keys lead through all of them, and a reload has them again', async () => {
    const tab = await open('ada')
    await begin(tab, many, 'Room')
    await whole(tab)
    await tab.listed(`Room ${many - 1}`).waitFor()
    await eventually(
      () => rows(tab).count(),
      value => expect(value).toBeLessThan(60),
    )
    const search = tab.page.getByRole('searchbox')
    const focused = tab.page.locator('.list-item:focus')
    // By its place: of those that were made in the same millisecond, either may come first.
    const reached = (place: number) => tab.page.locator(`.list-row[aria-posinset="${place}"] .list-item:focus`).waitFor()
    const top = () => tab.page.locator('.list-rows').evaluate(list => list.scrollTop)
    await search.focus()
    await search.press('ArrowDown')
    await focused.waitFor()
    await tab.page.keyboard.press('End')
    await reached(many)
    await eventually(top, value => expect(value).toBeGreaterThan(many * 50))
    await tab.page.keyboard.press('ArrowUp')
    await reached(many - 1)
    await tab.page.keyboard.press('Home')
    await reached(1)
    await eventually(top, 0)
    for (let reload = 0; reload < 3; reload++) {
      await tab.page.reload()
      await tab.live()
      await whole(tab)
    }
    // By name, also what is far down.
    await search.fill('Room 31')
    await tab.listed('Room 31').first().waitFor()
    await closeTabs(tab)
  })

  test('[W62] a chat is archived, pinned, marked and deleted from its menu, and comes back when somebody writes', async () => {
    const tab = await open('bea')
    await begin(tab, 3, 'Club')
    await tab.listed('Club 2').waitFor()
    const other = await open('cyd')
    await site.call(await tab.account(), 'chat.direct', { with: (await other.account()).user })
    await menu(tab, 'Club 0', 'Pin to the top')
    await until('it is on top', async () => (await rows(tab).first().innerText()).includes('Club 0'))
    await menu(tab, 'Club 1', 'Mark as unread')
    await tab.listed('Club 1').locator('.count-dot').waitFor()
    await tab.listed('Club 1').click()
    await tab.listed('Club 1').locator('.count-dot').waitFor({ state: 'detached' })
    const shelf = tab.page.locator('.list-shelf')
    await menu(tab, 'Club 2', 'Archive')
    await tab.listed('Club 2').waitFor({ state: 'detached' })
    await shelf.click()
    await tab.listed('Club 2').waitFor()
    await eventually(() => rows(tab).count(), 1)
    await menu(tab, 'Club 2', 'Take out of the archive')
    await tab.page.getByText('Nothing is archived.').waitFor()
    await shelf.click()
    await erase(tab, 'Club 1')
    await erase(tab, 'Cyd')
    await other.listed('Bea').first().click()
    await other.say('hello again')
    await tab.listed('hello again').waitFor()
    await closeTabs(tab, other)
  })

  test('[W63] an address is nobody’s only once the server has said so, also on a phone', async () => {
    const tab = await open('dot', { viewport: phone })
    const group = { title: 'Mine', members: [], cid: 'mine' }
    const { conversation } = await site.call<{ conversation: string }>(await tab.account(), 'chat.group', group)
    const at = (id: string) => tab.page.goto(`${site.url}/chat/${id}?as=dot&device=laptop`)
    await at(conversation)
    await tab.page.getByRole('heading', { name: 'Mine' }).waitFor()
    await at('g_AAAAAAAAAAAAAAAAAAAAAA')
    await tab.page.getByRole('heading', { name: 'This chat is not yours' }).waitFor()
    await closeTabs(tab)
  })
})
