import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eventually, fits, lacks, until } from '../kit/index.ts'
import { ChatSite, phone } from './chat-site.ts'
import { closeTabs, type Tab } from './chat-tab.ts'

const skipped = lacks('chromium', 'consent and blocks in a browser')

describe.skipIf(skipped)('consent on the page of the chat', () => {
  let site: ChatSite
  beforeAll(async () => {
    site = await ChatSite.start()
  })
  afterAll(() => site?.[Symbol.asyncDispose]())

  async function opened(...names: readonly string[]): Promise<Tab[]> {
    return Promise.all(names.map(async name => site.open(await site.browserOf(), name)))
  }

  const bar = (tab: Tab) => tab.page.getByRole('region', { name: 'A request' })
  const invitations = (tab: Tab) => tab.page.getByRole('region', { name: 'Invitations' })
  /** A picture for whoever wants to look. */
  const picture = async (tab: Tab, name: string) => {
    const folder = process.env.CHAT_PICTURES
    if (folder !== undefined) await tab.page.screenshot({ path: `${folder}/${name}.png` })
  }

  test('[M93] who writes for the first time waits for a yes: until then they do not see that one is online', async () => {
    const [ann, bob] = await site.pair('ann', 'bob')
    await ann.say('Hello, we have not met')
    await bar(bob).getByText('writes to you for the first time').waitFor()
    await picture(bob, 'request-1280')
    await fits(bob.page)
    await eventually(() => bar(ann).count(), 0)
    await eventually(() => ann.page.locator('.standing[data-lively]').count(), 0)
    await bar(bob).getByRole('button', { name: 'Accept' }).click()
    await ann.page.locator('.standing').getByText('online').waitFor()
    await bar(bob).waitFor({ state: 'detached' })
    await bob.page.reload()
    await bob.message('Hello, we have not met').waitFor()
    // What the page keeps from before is shown until the server has answered.
    await bar(bob).waitFor({ state: 'detached' })
    await closeTabs(ann, bob)
  })

  test('[M93] an answer is a yes too, and whom one blocks instead reaches nothing', async () => {
    const [cat, dan] = await site.pair('cat', 'dan')
    await cat.say('Hello')
    await bar(dan).waitFor()
    await dan.say('Hello to you')
    await bar(dan).waitFor({ state: 'detached' })
    await cat.page.locator('.standing').getByText('online').waitFor()
    const [eve, fay] = await site.pair('eve', 'fay')
    await eve.say('Buy this')
    await bar(fay).getByRole('button', { name: 'Block' }).click()
    await fay.page.getByRole('dialog').getByRole('button', { name: 'Block' }).click()
    await fay.page.getByText('You have blocked Eve').waitFor()
    await eventually(() => bar(fay).count(), 0)
    await eve.say('Are you there?')
    await until('it is sent', async () => (await eve.state('Are you there?')) === 'sent')
    const { user } = await fay.account()
    const made = await site.call<{ asked: string[] }>(await eve.account(), 'chat.group', {
      title: 'Offers',
      members: [user],
      cid: 'offers',
    })
    expect(made.asked).toEqual([user])
    await eventually(() => fay.texts(), ['Buy this'])
    await eventually(async () => [await invitations(fay).count(), await fay.listed('Offers').count()], [0, 0])
    await closeTabs(cat, dan, eve, fay)
  })

  test('[M93] one says who may put one into groups, and invitations of the others wait for a yes, on a phone as well', async () => {
    const [gus] = await opened('gus')
    if (gus === undefined) throw new Error('a tab was opened')
    const hal = await site.open(await site.browserOf({ viewport: phone, hasTouch: true }), 'hal', 'phone')
    await hal.page.getByRole('button', { name: /Your account/ }).click()
    const choice = hal.page.getByLabel('Who may put me into groups')
    await choice.waitFor()
    await choice.selectOption('nobody')
    const account = await hal.account()
    const setting = async () => (await site.call<{ may_add: string }>(account, 'chat.settings', {})).may_add
    await until('it is kept', async () => (await setting()) === 'nobody')
    await picture(hal, 'setting-390')
    await hal.page.keyboard.press('Escape')

    await gus.page.getByRole('button', { name: 'New group' }).click()
    await gus.page.getByRole('textbox', { name: 'Name of the group' }).fill('Hiking in the hills, every second Sunday of the month')
    await gus.page.getByRole('textbox', { name: 'Members' }).fill(`${account.user},`)
    await gus.page.getByRole('button', { name: 'Create the group' }).click()
    await gus.page.getByText('Asked Hal: they come in when they say yes.').waitFor()
    await picture(gus, 'asked-1280')

    await invitations(hal).getByText('asks you in').waitFor()
    await picture(hal, 'invited-390')
    await hal.page.setViewportSize({ width: 1280, height: 800 })
    await picture(hal, 'invited-1280')
    await hal.page.setViewportSize(phone)
    await fits(hal.page)
    await hal.page.reload()
    await invitations(hal)
      .getByRole('button', { name: /^Join Hiking/ })
      .click()
    await hal.composer.waitFor()
    await gus.page.getByText('Gus and you').or(gus.page.getByText('Hal and you')).first().waitFor()
    await eventually(() => invitations(hal).count(), 0)
    await eventually(() => bar(hal).count(), 0)
    await closeTabs(gus, hal)
  })

  test('[M93] whoever is put into a group may stay or leave, and is not put back', async () => {
    const [ida, jon] = await opened('ida', 'jon')
    if (ida === undefined || jon === undefined) throw new Error('two tabs were opened')
    const [leader, { user }] = [await ida.account(), await jon.account()]
    const group = { title: 'Book club', members: [user], cid: 'books' }
    const { conversation } = await site.call<{ conversation: string }>(leader, 'chat.group', group)
    await jon.listed('Book club').click()
    await bar(jon).getByText('You were put into this group').waitFor()
    await jon.page.setViewportSize(phone)
    await picture(jon, 'put-390')
    await bar(jon).getByRole('button', { name: 'Leave' }).click()
    await jon.page.getByRole('dialog').getByRole('button', { name: 'Leave' }).click()
    await jon.page.getByText('You are not in this group any longer.').waitFor()
    expect(await site.call<object>(leader, 'chat.add', { conversation, users: [user] })).toMatchObject({ asked: [user] })
    await jon.page.setViewportSize({ width: 1280, height: 800 })
    await invitations(jon).getByRole('button', { name: 'Turn down Book club' }).click()
    await invitations(jon).waitFor({ state: 'detached' })
    await site.call(leader, 'chat.add', { conversation, users: [user] })
    await site.call(leader, 'chat.send', { conversation, cid: 'last', text: 'Still here?', device: 'laptop' })
    await jon.page.reload()
    await jon.live()
    await eventually(() => invitations(jon).count(), 0)
    await closeTabs(ida, jon)
  })

  test('[M92] an address that looks like another one is followed by what it really is', async () => {
    const [kim, lea] = await site.pair('kim', 'lea')
    await kim.say('Log in at https://\u0430\u0440\u0440\u04cf\u0435.com/account or https://m\u00fcnchen.de')
    const message = lea.message('Log in at')
    await message.locator('.real-host').getByText('xn--80ak6aa92e.com').waitFor()
    await picture(lea, 'address-1280')
    await eventually(() => message.locator('.real-host').count(), 1)
    await eventually(() => message.locator('a').count(), 2)
    await closeTabs(kim, lea)
  })
})
