import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eventually, lacks, still, until } from '../kit/index.ts'
import { ChatSite } from './chat-site.ts'
import { closeTabs, type Tab } from './chat-tab.ts'

const skipped = lacks('chromium', 'the chat in a browser')

describe.skipIf(skipped)('what is one’s own in the chat', () => {
  let site: ChatSite
  beforeAll(async () => {
    site = await ChatSite.start()
  })
  afterAll(() => site?.[Symbol.asyncDispose]())

  async function opened(...names: readonly string[]): Promise<Tab[]> {
    return Promise.all(names.map(async name => site.open(await site.browserOf(), name)))
  }

  async function details(tab: Tab, title: string) {
    await tab.listed(title).click()
    await tab.page.getByRole('button', { name: 'Group details' }).click()
    return tab.page.getByRole('complementary', { name: 'Group' })
  }

  test('[M70] whoever leads a group sees its invite links, also those of others, and revokes them', async () => {
    const [ida, jon, kim] = await opened('ida', 'jon', 'kim')
    if (ida === undefined || jon === undefined || kim === undefined) throw new Error('three tabs were opened')
    const [leader, { user }] = [await ida.account(), await jon.account()]
    const group = { title: 'Climbing', members: [user], cid: 'climbing-1' }
    const { conversation } = await site.call<{ conversation: string }>(leader, 'chat.group', group)
    await site.call(leader, 'chat.role', { conversation, user, role: 'admin' })
    const panel = await details(ida, 'Climbing')
    await panel.getByRole('switch', { name: 'Ask admins first' }).click()
    await panel.getByRole('button', { name: 'Create an invite link' }).click()
    const link = await panel.locator('output').innerText()
    const invite = panel.locator('.invite')
    await eventually(() => invite.innerText(), expect.stringMatching(/Works until .+; admins are asked\s+Made by you, not used yet/))

    const others = await details(jon, 'Climbing')
    await others.locator('.invite').getByText('Made by Ida, not used yet').waitFor()
    await eventually(() => others.locator('output').innerText(), link)
    const code = new URL(link).searchParams.get('join')
    await kim.page.goto(`${site.url}/chat?as=kim&device=laptop&join=${code}`)
    await kim.answer('Join')
    for (const each of [panel, others]) {
      await each.getByRole('button', { name: 'Let Kim in' }).waitFor()
      await each.locator('.invite').getByText('used once').waitFor()
    }
    await ida.page.reload()
    await invite.getByText('Made by you, used once').waitFor()

    await others.getByRole('button', { name: 'Revoke' }).click()
    await until('the link is gone', async () => (await others.locator('.invite').count()) === 0)
    await ida.page.reload()
    await panel.getByRole('button', { name: 'Let Kim in' }).waitFor()
    await until('it is gone there too', async () => (await panel.locator('.invite').count()) === 0)
    expect(await site.call(leader, 'chat.join', { code }).catch(error => String(error))).toContain('not_found')
    await closeTabs(ida, jon, kim)
  })

  test('[M71] whom one has blocked the page knows after a reload, and on another device', async () => {
    const [lea, max] = await site.pair('lea', 'max')
    await lea.page.getByRole('button', { name: 'Contact details' }).click()
    const panelOf = (tab: Tab) => tab.page.getByRole('complementary', { name: 'Contact' })
    await panelOf(lea).getByRole('button', { name: 'Block Max' }).click()
    await lea.page.getByRole('dialog').getByRole('button', { name: 'Block' }).click()
    await panelOf(lea).getByRole('button', { name: 'Unblock Max' }).waitFor()
    await lea.page.getByText('You have blocked Max').waitFor()
    await lea.page.reload()
    await panelOf(lea).getByRole('button', { name: 'Unblock Max' }).waitFor()

    const tablet = await site.open(lea.page.context(), 'lea', 'tablet')
    await tablet.listed('Max').click()
    await tablet.page.getByText('You have blocked Max').waitFor()
    await tablet.page.getByRole('button', { name: 'Contact details' }).click()
    await max.say('Do you hear me?')
    await until('it is sent', async () => (await max.state('Do you hear me?')) === 'sent')
    await panelOf(tablet).getByRole('button', { name: 'Unblock Max' }).click()
    await panelOf(lea).getByRole('button', { name: 'Block Max', exact: true }).waitFor()
    await max.say('And now?')
    await lea.message('And now?').waitFor()
    await eventually(() => lea.texts(), ['And now?'])
    await closeTabs(lea, max, tablet)
  })

  test('[M72] a chat that is cleared elsewhere is empty and not unread, and its author does not see it as read', async () => {
    const [ann, bob] = await site.pair('ann', 'bob')
    const conversation = ann.conversation
    await bob.page.goto(`${site.url}/chat?as=bob&device=laptop`)
    await ann.say('Are you there?')
    await until('it is unread', async () => (await bob.listed('Ann').locator('.count').count()) === 1)
    await until('it was delivered', async () => (await ann.state('Are you there?')) === 'delivered')
    await site.call(await bob.account(), 'chat.clear', { conversation })
    await until('it is not unread any longer', async () => (await bob.listed('Ann').locator('.count').count()) === 0)
    // Receipts are told once a second.
    await Bun.sleep(1_500)
    await still(() => ann.state('Are you there?'), 'delivered')
    await bob.listed('Ann').click()
    await bob.composer.waitFor()
    await still(() => bob.texts(), [])
    await Bun.sleep(1_500)
    await still(() => ann.state('Are you there?'), 'delivered')
    await closeTabs(ann, bob)
  })
})
