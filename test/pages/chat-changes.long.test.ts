import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eventually, lacks, still, until } from '../kit/index.ts'
import { ChatSite, phone } from './chat-site.ts'
import { closeTabs, type Tab } from './chat-tab.ts'

const skipped = lacks('chromium', 'messages that are changed in a browser')

async function goesOffline({ page }: Tab): Promise<void> {
  await page.context().setOffline(true)
  await page.locator('.link-bar').waitFor()
}

describe.skipIf(skipped)('messages that are changed in a browser', () => {
  let site: ChatSite
  beforeAll(async () => {
    site = await ChatSite.start()
  })
  afterAll(() => site?.[Symbol.asyncDispose]())

  test('[W85] an edit made offline stands in its message, survives a reload, and can be taken back or is made later', async () => {
    const [ada, ben] = await site.pair('ada', 'ben')
    await ada.say('Dinner at ate')
    await ben.message('Dinner at ate').waitFor()
    await goesOffline(ada)
    await ada.takesUp('Dinner at ate')
    await ada.say('Dinner at nine')
    await ada.message('Dinner at nine').getByRole('button', { name: 'Cancel' }).click()
    await ada.message('Dinner at ate').waitFor()
    await ada.takesUp('Dinner at ate')
    await ada.say('Dinner at eight')
    await ada.message('Dinner at eight').getByText('The change waits for the connection').waitFor()
    await eventually(() => ada.message('Dinner at eight').getByRole('img', { name: 'Waiting to be sent' }).count(), 1)
    const { page } = ada
    const path = new URL(page.url()).pathname
    await ada.keeps('Dinner at eight')
    await page.close()
    await eventually(() => ben.texts(), ['Dinner at ate'])
    await page.context().setOffline(false)
    const again = await site.open(page.context(), 'ada', 'laptop', path)
    await ben.message('Dinner at eight').waitFor()
    await until('nothing waits', async () => (await again.message('Dinner at eight').getAttribute('data-pending')) === null)
    await closeTabs(again, ben)
  })

  test('[W85] a refused edit comes back into the field with its reason, and can be said as a new message', async () => {
    const [cleo, dan] = await site.pair('cleo', 'dan')
    await cleo.say('Meet me')
    await dan.message('Meet me').waitFor()
    await goesOffline(cleo)
    await cleo.takesUp('Meet me')
    await cleo.say('Meet me at noon')
    await cleo.message('Meet me at noon').waitFor()
    await site.call(await cleo.account(), 'chat.delete', { conversation: cleo.conversation, seq: 1, for: 'everyone' })
    await cleo.page.context().setOffline(false)
    await cleo.page.locator('.writing-bar').getByText('Your change was not saved').waitFor()
    await eventually(() => cleo.composer.inputValue(), 'Meet me at noon')
    await cleo.composer.press('Enter')
    await dan.message('Meet me at noon').waitFor()
    await until('nothing is left of the change', async () => (await cleo.page.locator('.failure').count()) === 0)
    await closeTabs(cleo, dan)
  })

  test('[W85] while one writes something else, a refused edit waits at its message', async () => {
    const [eva, finn] = await site.pair('eva', 'finn')
    await eva.say('First words')
    await finn.message('First words').waitFor()
    await goesOffline(eva)
    await eva.takesUp('First words')
    await eva.say('Other words')
    await eva.composer.fill('Something else')
    await site.call(await eva.account(), 'chat.delete', { conversation: eva.conversation, seq: 1, for: 'everyone' })
    await eva.page.context().setOffline(false)
    await eva.messages.first().getByText('Change not saved').waitFor()
    await eventually(() => eva.messages.first().locator('.failure q').innerText(), 'Other words')
    await eventually(() => eva.composer.inputValue(), 'Something else')
    await eva.messages.first().getByRole('button', { name: 'Edit again' }).click()
    await until('the words are back', async () => (await eva.composer.inputValue()) === 'Other words')
    await eva.composer.press('Escape')
    await until('the draft is back', async () => (await eva.composer.inputValue()) === 'Something else')
    await eva.messages.first().getByRole('button', { name: 'Discard' }).click()
    await until('it is let be', async () => (await eva.page.locator('.failure').count()) === 0)
    await closeTabs(eva, finn)
  })

  test('[W86] arrow up takes the last message that can be edited, one that is not sent too', async () => {
    const [gil, hana] = await site.pair('gil', 'hana')
    await gil.say('Sent')
    await hana.message('Sent').waitFor()
    await goesOffline(gil)
    await gil.say('Not sent')
    await until('it waits', async () => (await gil.state('Not sent')) === 'waiting')
    await gil.takesUp('Not sent')
    await gil.say('Still not sent')
    await eventually(() => gil.state('Still not sent'), 'waiting')
    await gil.page.context().setOffline(false)
    await hana.message('Still not sent').waitFor()
    await eventually(() => hana.texts(), ['Sent', 'Still not sent'])
    await still(
      () => hana.message('Still not sent').locator('.meta').innerText(),
      value => expect(value).not.toContain('edited'),
    )
    await closeTabs(gil, hana)
  })

  test('[W87] deleting asks first, and what was deleted for oneself can be brought back', async () => {
    const [ida, jon] = await site.pair('ida', 'jon')
    await ida.say('Regretted')
    await jon.message('Regretted').waitFor()
    await ida.act('Regretted', 'Delete')
    await ida.answer('Cancel')
    await eventually(() => ida.texts(), ['Regretted'])
    await ida.act('Regretted', 'Delete')
    await ida.answer('Delete for me')
    await until('it is gone', async () => (await ida.messages.count()) === 0)
    await ida.page.locator('.notices').getByRole('button', { name: 'Undo' }).click()
    await ida.message('Regretted').waitFor()
    await jon.act('Regretted', 'Delete')
    await still(() => jon.page.getByRole('button', { name: 'Delete for everyone' }).count(), 0)
    await jon.answer('Delete for me')
    await until('it is gone for him', async () => (await jon.messages.count()) === 0)
    await ida.act('Regretted', 'Delete')
    await ida.answer('Delete for everyone')
    await ida.message('You deleted this message').waitFor()
    await closeTabs(ida, jon)
  })

  test('[W87] an answer to a message that is deleted meanwhile answers it no longer, and keeps its words', async () => {
    const [kim, leo] = await site.pair('kim', 'leo')
    await kim.say('A question')
    await leo.message('A question').waitFor()
    await leo.act('A question', 'Reply')
    await leo.composer.fill('An answer')
    await kim.act('A question', 'Delete')
    await kim.answer('Delete for everyone')
    await until('the bar is gone', async () => (await leo.page.locator('.writing-bar').count()) === 0)
    await leo.page.locator('.notices').getByText('was deleted').waitFor()
    await eventually(() => leo.composer.inputValue(), 'An answer')
    await closeTabs(kim, leo)
  })

  test('[W92] several messages are chosen, by pointer and keyboard, and copied or deleted together', async () => {
    const [xia, yan] = await site.pair('xia', 'yan')
    for (const text of ['one', 'two', 'three']) await xia.say(text)
    await until('all are sent', async () => (await yan.messages.count()) === 3)
    await xia.page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await xia.act('one', 'Choose several')
    await xia.message('three').locator('.bubble').click()
    await xia.page.getByRole('toolbar').getByText('2 chosen').waitFor()
    // Nothing lies over a box.
    await yan.act('one', 'Choose several')
    await yan.message('two').getByRole('checkbox').click()
    await yan.page.getByRole('toolbar').getByText('2 chosen').waitFor()
    await yan.page.getByRole('button', { name: 'Choose none' }).click()
    await xia.message('two').getByRole('checkbox').press('Space')
    await xia.message('two').getByRole('checkbox').press('Space')
    await xia.page.getByRole('toolbar').getByText('2 chosen').waitFor()
    await xia.page.getByRole('button', { name: 'Copy the texts' }).click()
    await xia.page.locator('.notices').getByText('Copied').waitFor()
    await eventually(() => xia.page.evaluate(() => navigator.clipboard.readText()), 'one\nthree')
    await xia.composer.waitFor()

    await xia.act('one', 'Choose several')
    await xia.page.keyboard.press('Escape')
    await xia.composer.waitFor()
    await xia.act('one', 'Choose several')
    await xia.message('two').locator('.bubble').click()
    await xia.page.getByRole('button', { name: 'Delete them' }).click()
    await xia.answer('Delete for everyone')
    await until('both are deleted', async () => (await yan.page.getByText('This message was deleted').count()) === 2)
    await xia.composer.waitFor()
    await closeTabs(xia, yan)
  })

  test('[W88] a long press opens the actions, and lifting the finger does none of them', async () => {
    const [pia, quin] = await site.pair('pia', 'quin')
    const options = { viewport: phone, hasTouch: true, isMobile: true, storageState: await quin.page.context().storageState() }
    const handset = await site.open(await site.browserOf(options), 'quin', 'handset')
    await pia.say('Press me')
    await handset.listed('Pia').tap()
    const bubble = handset.message('Press me').locator('.bubble')
    await bubble.waitFor()
    const touches = await handset.page.context().newCDPSession(handset.page)
    const box = await bubble.boundingBox()
    const point = { x: (box?.x ?? 0) + 20, y: (box?.y ?? 0) + 12 }
    await touches.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [point] })
    await handset.page.getByRole('menu').waitFor()
    await touches.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
    // As a browser does that takes the lift for a click on what has come to lie under the finger.
    const item = handset.page.getByRole('menuitem', { name: 'React with 👍' })
    await item.dispatchEvent('click', { detail: 1 })
    await still(() => handset.page.getByRole('menu').count(), 1)
    await item.tap()
    await handset.message('Press me').locator('.reaction').waitFor()
    await still(() => handset.message('Press me').locator('.reaction').count(), 1)

    // A finger that moves on scrolls; a pen presses as a finger does.
    await handset.page.clock.install()
    const finger = { bubbles: true, clientX: 50 }
    await bubble.dispatchEvent('pointerdown', { ...finger, pointerType: 'touch', clientY: 200 })
    await bubble.dispatchEvent('pointermove', { ...finger, pointerType: 'touch', clientY: 230 })
    await handset.page.clock.runFor(2000)
    await still(() => handset.page.getByRole('menu').count(), 0)
    await bubble.dispatchEvent('pointerdown', { ...finger, pointerType: 'pen', clientY: 200 })
    await handset.page.clock.runFor(2000)
    await still(() => handset.page.getByRole('menu').count(), 1)
    await closeTabs(pia, quin, handset)
  })

  test('[W88] the keyboard opens the actions of a message', async () => {
    const [ria, sam] = await site.pair('ria', 'sam')
    await ria.say('By keyboard')
    await sam.message('By keyboard').waitFor()
    for (const key of ['Enter', 'Shift+F10']) {
      await sam.message('By keyboard').focus()
      await sam.page.keyboard.press(key)
      await sam.page.getByRole('menuitem', { name: 'Reply' }).waitFor()
      await sam.page.keyboard.press('Escape')
      await until('it is closed', async () => (await sam.page.getByRole('menu').count()) === 0)
    }
    await closeTabs(ria, sam)
  })

  test('[W89] a sign-in that ends says so, and one is back in the same chat after', async () => {
    const [tom, una] = await site.pair('tom', 'una')
    await tom.say('Before')
    await una.message('Before').waitFor()
    const { user, token } = await tom.account()
    const { conversation } = tom
    await tom.composer.fill('Half a word')
    // What the browser keeps has run out, as after a night.
    await tom.page.evaluate(([as, kept]) => localStorage.setItem(`fanfare.chat.account.${as}`, kept ?? ''), [
      'tom',
      JSON.stringify({ user, token, guest: false, expires: 1 }),
    ] as const)
    await tom.page.goto(`${site.url}/chat/${encodeURIComponent(conversation)}?device=laptop`)
    await tom.page.evaluate(
      kept => localStorage.setItem('fanfare.chat.account', kept),
      JSON.stringify({ user, token, guest: false, expires: 1 }),
    )
    await tom.page.reload()
    await tom.page.getByRole('status').getByText('Your sign-in has ended').waitFor()
    await tom.page.getByRole('textbox', { name: 'Token' }).fill(token)
    await tom.page.getByRole('button', { name: 'Start chatting' }).click()
    await tom.message('Before').waitFor()
    expect(tom.conversation).toBe(conversation)
    await eventually(() => tom.composer.inputValue(), 'Half a word')
    await closeTabs(tom, una)
  })
})

describe.skipIf(skipped)('messages of a server that lets them be edited for a moment', () => {
  test('[W86] edit is offered for as long as the server says, and the open menu takes it back', async () => {
    await using site = await ChatSite.start({ edit_window: '6s' })
    const [vic, wes] = await site.pair('vic', 'wes')
    const edit = vic.page.getByRole('menuitem', { name: 'Edit', exact: true })
    let said = 0
    // On a busy machine the moment may be over before the menu is open.
    await until('edit is offered', async () => {
      await vic.page.keyboard.press('Escape')
      await vic.say(`For a moment ${++said}`)
      await wes.message(`For a moment ${said}`).waitFor()
      await vic.message(`For a moment ${said}`).locator('.bubble').click({ button: 'right' })
      await vic.page.getByRole('menuitem', { name: 'Info' }).waitFor()
      return (await edit.count()) === 1
    })
    await until('its time is over', async () => (await edit.count()) === 0)
    await still(() => vic.page.getByRole('menu').count(), 1)
    await vic.page.keyboard.press('Escape')
    await vic.composer.press('ArrowUp')
    await still(() => vic.page.locator('.writing-bar').count(), 0)
    await closeTabs(vic, wes)
  })
})
