import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eventually, fits, lacks, until } from '../kit/index.ts'
import { ChatSite, desktop, phone } from './chat-site.ts'
import { closeTabs, type Tab } from './chat-tab.ts'

const skipped = lacks('chromium', 'notifications, mentions and requests in a browser')

describe.skipIf(skipped)('what calls one on the page of the chat', () => {
  let site: ChatSite
  beforeAll(async () => {
    site = await ChatSite.start()
  })
  afterAll(() => site?.[Symbol.asyncDispose]())

  /** A picture for whoever wants to look, in both themes. */
  const picture = async ({ page }: Tab, name: string) => {
    const folder = process.env.CHAT_PICTURES
    if (folder === undefined) return
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await page.screenshot({ path: `${folder}/${name}-${colorScheme}.png` })
    }
    await page.emulateMedia({ colorScheme: 'light' })
  }
  const members = (tab: Tab) => tab.page.getByRole('listbox', { name: 'Members' })

  /** A group of some users, who have it open. */
  async function grouped(title: string, ...tabs: readonly Tab[]): Promise<string> {
    const [first, ...others] = await Promise.all(tabs.map(tab => tab.account()))
    if (first === undefined) throw new Error('a group is of somebody')
    const group = { title, members: others.map(({ user }) => user), cid: title.replaceAll(' ', '-') }
    const { conversation } = await site.call<{ conversation: string }>(first, 'chat.group', group)
    for (const tab of tabs) await tab.listed(title).click()
    return conversation
  }

  test('[W80] a mention is suggested while one types, chosen by keyboard, marked in the text, counted in the list, and led to', async () => {
    const [ann, bob, cem] = await Promise.all(
      ['ann', 'bob', 'Çem'].map(async name => site.open(await site.browserOf(), name === 'Çem' ? 'cem' : name)),
    )
    if (ann === undefined || bob === undefined || cem === undefined) throw new Error('three tabs were opened')
    const conversation = await grouped('Hiking', ann, bob, cem)
    await ann.composer.pressSequentially('Mail ann@b is no mention, @')
    await members(ann).getByRole('option').nth(1).waitFor()
    await picture(ann, 'mention-1280')
    // Ids are made up by chance: one letter may begin a part of Cem's as well.
    await ann.composer.pressSequentially('Bob')
    await eventually(() => members(ann).getByRole('option').allInnerTexts(), [expect.stringContaining('Bob')])
    await ann.page.keyboard.press('Enter')
    await members(ann).waitFor({ state: 'detached' })
    await eventually(() => ann.composer.inputValue(), 'Mail ann@b is no mention, @Bob ')
    await ann.composer.pressSequentially('are you there?')
    await ann.page.reload()
    await eventually(() => ann.composer.inputValue(), 'Mail ann@b is no mention, @Bob are you there?')
    await ann.composer.press('Enter')
    const { user } = await bob.account()
    await bob.message('are you there?').locator('.mention[data-me="true"]').getByText('@Bob').waitFor()
    await eventually(() => cem.message('are you there?').locator('.mention[data-me="false"]').innerText(), '@Bob')
    await picture(bob, 'mentioned-1280')

    await bob.page.goto(`${site.url}/chat?as=bob&device=laptop`)
    await bob.live()
    const account = await ann.account()
    const send = (cid: string, text: string) => {
      const at = text.indexOf('@Bob')
      const mentions = at < 0 ? [] : [{ user, at, length: 4 }]
      return site.call<{ seq: number }>(account, 'chat.send', { conversation, cid, text, mentions, device: 'api' })
    }
    await send('first', 'Now @Bob')
    for (let count = 0; count < 40; count++) await send(`more-${count}`, `Line ${count}`)
    await send('second', 'And @Bob again')
    await bob.listed('Hiking').locator('.mention-mark').waitFor()
    await picture(bob, 'mention-list-1280')
    await bob.listed('Hiking').click()
    const jump = bob.page.getByRole('button', { name: /^Jump to the next of .* mention you$/ })
    await jump.waitFor()
    await picture(bob, 'mention-jump-1280')
    await jump.click()
    await bob.message('And @Bob again').waitFor()
    await jump.waitFor({ state: 'detached' })
    await bob.listed('Hiking').locator('.mention-mark').waitFor({ state: 'detached' })
    await closeTabs(ann, bob, cem)
  })

  test('[W80] on a phone a name is tapped, and an edit keeps whom the message names', async () => {
    const dan = await site.open(await site.browserOf({ viewport: phone, hasTouch: true, isMobile: true }), 'dan')
    const eve = await site.open(await site.browserOf(), 'eve')
    await grouped('Climbing', dan, eve)
    await dan.composer.pressSequentially('Hello @e')
    await picture(dan, 'mention-390')
    await fits(dan.page)
    await members(dan).getByRole('option').filter({ hasText: 'Eve' }).tap()
    await eventually(() => dan.composer.inputValue(), 'Hello @Eve ')
    await dan.page.getByRole('button', { name: 'Send' }).tap()
    await eve.message('Hello').locator('.mention[data-me="true"]').waitFor()
    await dan.page.setViewportSize(desktop)
    await dan.act('Hello', 'Edit')
    await dan.composer.fill('Oh, Hello @Eve')
    await dan.page.getByRole('button', { name: 'Save the changes' }).click()
    await eve.message('Oh, Hello').locator('.mention[data-me="true"]').waitFor()
    await closeTabs(dan, eve)
  })

  test('[W81] a chat is muted for a while, and says until when, on every device', async () => {
    const [fay, gus] = await site.pair('fay', 'gus')
    await fay.say('Hello')
    await gus.message('Hello').waitFor()
    const tablet = await site.open(await site.browserOf({ viewport: phone, hasTouch: true }), 'gus', 'tablet')
    const { user, token } = await gus.account()
    await tablet.page.evaluate(([as, account]) => localStorage.setItem(`fanfare.chat.account.${as}`, account ?? ''), [
      'gus',
      JSON.stringify({ user, token, guest: true }),
    ] as const)
    await tablet.page.reload()
    await tablet.live()
    await gus.page.getByRole('button', { name: 'Contact details' }).click()
    await gus.page.getByRole('button', { name: 'Mute', exact: true }).click()
    await picture(gus, 'mute-1280')
    await gus.page.getByRole('button', { name: 'For an hour' }).click()
    await gus.page.getByText(/^Muted until \d\d:\d\d/).waitFor()
    await picture(gus, 'muted-1280')
    await tablet.listed('Fay').locator('[title^="Muted until"]').waitFor()
    await picture(tablet, 'muted-390')
    await gus.page.getByRole('button', { name: /^Muted until/ }).click()
    await gus.page.getByRole('button', { name: 'Mute', exact: true }).waitFor()
    await tablet.listed('Fay').locator('[title^="Muted until"]').waitFor({ state: 'detached' })
    await closeTabs(fay, gus, tablet)
  })

  test('[W82] whoever may not write unasked is kept among the requests, without a sound, until one says yes', async () => {
    const hal = await site.open(await site.browserOf({ viewport: phone, hasTouch: true }), 'hal')
    await hal.page.getByRole('button', { name: /Your account/ }).click()
    await hal.page.getByLabel('Who may write to me').selectOption('nobody')
    await picture(hal, 'account-390')
    await fits(hal.page)
    const account = await hal.account()
    await until('it is kept', async () => (await site.call<{ may_write: string }>(account, 'chat.settings', {})).may_write === 'nobody')
    await hal.page.keyboard.press('Escape')
    const ida = await site.open(await site.browserOf(), 'ida', 'laptop', `/chat?with=${encodeURIComponent(account.user)}`)
    await ida.answer('Open')
    await ida.say('Do I know you?')
    const requests = hal.page.getByRole('region', { name: 'Requests' })
    await requests.getByRole('button', { name: /Requests/ }).click()
    await picture(hal, 'requests-390')
    await eventually(() => hal.listed('Ida').count(), 0)
    await eventually(() => hal.page.title(), 'Chat · Fanfare')
    await requests.getByRole('button', { name: /Ida/ }).click()
    await hal.page.getByText('You have asked to be asked first.').waitFor()
    await picture(hal, 'held-390')
    await hal.message('Do I know you?').waitFor()
    await eventually(() => ida.state('Do I know you?'), 'sent')
    await hal.page.getByRole('button', { name: 'Accept' }).click()
    await until('ida learns that it was read', async () => (await ida.state('Do I know you?')) === 'read')
    await hal.page.getByRole('button', { name: 'Back to all chats' }).click()
    await hal.listed('Ida').waitFor()
    await eventually(() => requests.count(), 0)
    await closeTabs(hal, ida)
  })

  test('[W83] one sees one’s devices, and signs one of them out from here', async () => {
    const laptop = await site.open(await site.browserOf(), 'jon')
    const other = await site.open(await site.browserOf(), 'jon', 'office')
    const account = await laptop.account()
    await other.page.evaluate(
      account => localStorage.setItem('fanfare.chat.account.jon', account),
      JSON.stringify({ ...account, guest: true }),
    )
    await other.page.reload()
    await other.live()
    await laptop.page.getByRole('button', { name: /Your account/ }).click()
    await laptop.page.getByRole('button', { name: 'Devices' }).click()
    const dialog = laptop.page.getByRole('dialog', { name: 'Your devices' })
    await dialog.getByText('connected now').waitFor()
    await picture(laptop, 'devices-1280')
    await dialog.getByRole('button', { name: 'Sign out office', exact: true }).click()
    await dialog.getByRole('button', { name: 'Sign out office?' }).click()
    await dialog.getByText('office').waitFor({ state: 'detached' })
    await other.page.getByRole('textbox', { name: 'Name' }).waitFor()
    await eventually(() => other.account(), {})
    await laptop.page.keyboard.press('Escape')
    await laptop.page.reload()
    await laptop.live()
    await closeTabs(laptop, other)
  })

  test('[W84, M175] a hidden page says who wrote and what, as far as one wants, once for each chat, and takes it away when it is read elsewhere', async () => {
    const kim = await site.open(await site.browserOf({ permissions: ['notifications'] }), 'kim')
    const lea = await site.open(await site.browserOf(), 'lea')
    const conversation = await grouped('Book club', lea, kim)
    await kim.page.goto(`${site.url}/chat?as=kim&device=laptop`)
    await kim.live()
    await kim.page.evaluate(async () => {
      const { installing, waiting, active } = await navigator.serviceWorker.register('/chat/push-worker.js?guests')
      const worker = installing ?? waiting ?? active
      while (worker?.state !== 'activated') await new Promise(resolve => worker?.addEventListener('statechange', resolve, { once: true }))
    })
    const hide = (state: 'hidden' | 'visible') =>
      kim.page.evaluate(state => {
        Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => state })
        document.dispatchEvent(new Event('visibilitychange'))
      }, state)
    const shown = () =>
      kim.page.evaluate(async () => {
        const registration = await navigator.serviceWorker.getRegistration('/chat/push-worker.js')
        return ((await registration?.getNotifications()) ?? []).map(({ title, body, data }) => `${title} | ${body} | ${data.seq}`)
      })
    const shows = (expected: readonly string[]) => until(`it shows ${expected}`, async () => (await shown()).join() === expected.join())
    const account = await lea.account()
    const { user } = await kim.account()
    const send = async (cid: string, text: string) => {
      const at = text.indexOf('@Kim')
      const mentions = at < 0 ? [] : [{ user, at, length: 4 }]
      return (await site.call<{ seq: number }>(account, 'chat.send', { conversation, cid, text, mentions, device: 'api' })).seq
    }
    await hide('hidden')
    const first = await send('one', 'Chapter three?')
    await shows([`Book club | Lea: Chapter three? | ${first}`])
    const second = await send('two', 'Or four, @Kim?')
    await shows([`Book club (2) | Lea mentioned you: Or four, @Kim? | ${second}`])
    await site.call(await kim.account(), 'chat.read', { conversation, seq: second, device: 'phone' })
    await shows([])

    await kim.page.getByRole('button', { name: /Your account/ }).click()
    await kim.page.getByRole('button', { name: 'Notifications' }).click()
    const dialog = kim.page.getByRole('dialog', { name: 'Notifications' })
    await dialog.getByRole('radio', { name: /Name alone/ }).check()
    await picture(kim, 'notifications-1280')
    await until(
      'it is kept',
      async () => (await site.call<{ previews: string }>(await kim.account(), 'chat.settings', {})).previews === 'name',
    )
    const third = await send('three', 'A secret')
    await shows([`Book club | Lea: New message | ${third}`])
    await dialog.getByRole('radio', { name: /Nothing/ }).check()
    await until(
      'it is kept',
      async () => (await site.call<{ previews: string }>(await kim.account(), 'chat.settings', {})).previews === 'none',
    )
    const fourth = await send('four', 'Another')
    await shows([`New message | Open the chat to read it. | ${fourth}`])
    await kim.page.keyboard.press('Escape')
    await hide('visible')
    await closeTabs(kim, lea)
  })
})
