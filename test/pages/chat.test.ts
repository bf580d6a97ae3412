import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eventually, fits, lacks, still, until } from '../kit/index.ts'
import { ChatSite, phone } from './chat-site.ts'
import { closeTabs } from './chat-tab.ts'

const skipped = lacks('chromium', 'the chat in a browser')

describe.skipIf(skipped)('the chat in a browser', () => {
  let site: ChatSite
  beforeAll(async () => {
    site = await ChatSite.start()
  })
  afterAll(() => site?.[Symbol.asyncDispose]())

  test('[M53] two users talk, ticks turn as it arrives and is read, and a second device of one is in step', async () => {
    const [ada, ben] = await site.pair('ada', 'ben')
    await ben.page.goto(`${site.url}/chat?as=ben&device=laptop`)
    const tablet = await site.open(ben.page.context(), 'ben', 'tablet')
    await ada.say('Are you there?')
    await until('it has arrived at a device of Ben’s', async () => (await ada.state('Are you there?')) === 'delivered')
    await until('both devices say that it is unread', async () =>
      (await Promise.all([ben, tablet].map(tab => tab.listed('Ada').locator('.count').innerText()))).every(text => text.startsWith('1')),
    )
    await eventually(() => tablet.page.title(), '(1) Chat · Fanfare')
    await ben.listed('Ada').click()
    await until('it has been read', async () => (await ada.state('Are you there?')) === 'read')
    await until('the badge has gone from the other device', async () => (await tablet.listed('Ada').locator('.count').count()) === 0)
    await eventually(() => tablet.page.title(), 'Chat · Fanfare')
    await ben.say('Yes!')
    await ada.message('Yes!').waitFor()
    await tablet.listed('Ada').click()
    await tablet.message('Yes!').waitFor()
    await eventually(() => tablet.message('Yes!').getAttribute('data-mine'), 'true')
    await eventually(() => tablet.texts(), await ada.texts())
    await closeTabs(ada, ben, tablet)
  })

  test('[M54] what is written offline waits, is sent when the network is back, and what was missed is there', async () => {
    const [cleo, dan] = await site.pair('cleo', 'dan')
    await cleo.page.context().setOffline(true)
    await cleo.page.locator('.link-bar').waitFor()
    await cleo.say('Written on the train')
    await until('it waits', async () => (await cleo.state('Written on the train')) === 'waiting')
    await dan.say('Said meanwhile')
    await cleo.page.context().setOffline(false)
    await dan.message('Written on the train').waitFor()
    await cleo.message('Said meanwhile').waitFor()
    await until('it has been read', async () => (await cleo.state('Written on the train')) === 'read')
    await eventually(() => cleo.texts(), await dan.texts())
    await closeTabs(cleo, dan)
  })

  test('[M54] a tab that is closed with an unsent message sends it when it is opened again, once', async () => {
    const [eva, finn] = await site.pair('eva', 'finn')
    const { page } = eva
    const path = new URL(page.url()).pathname
    await page.context().setOffline(true)
    await page.locator('.link-bar').waitFor()
    await eva.say('Before the tab was closed')
    await until('it waits', async () => (await eva.state('Before the tab was closed')) === 'waiting')
    await eva.keeps('Before the tab was closed')
    await page.close()
    await still(() => finn.messages.count(), 0)
    await page.context().setOffline(false)
    const again = await site.open(page.context(), 'eva', 'laptop', path)
    await finn.message('Before the tab was closed').waitFor()
    await again.say('After it')
    await finn.message('After it').waitFor()
    await eventually(() => finn.texts(), ['Before the tab was closed', 'After it'])
    await eventually(() => again.texts(), ['Before the tab was closed', 'After it'])
    await closeTabs(again, finn)
  })

  test('[M54] what the server refuses for good is shown as not sent, and can be discarded', async () => {
    const [wim, xia] = await Promise.all(['wim', 'xia'].map(async name => site.open(await site.browserOf(), name)))
    if (wim === undefined || xia === undefined) throw new Error('two tabs were opened')
    const [leader, { user }] = [await wim.account(), await xia.account()]
    const group = { title: 'Short', members: [user], cid: 'short-1' }
    const { conversation } = await site.call<{ conversation: string }>(leader, 'chat.group', group)
    await xia.listed('Short').click()
    await xia.page.context().setOffline(true)
    await xia.page.locator('.link-bar').waitFor()
    await xia.say('Too late')
    await site.call(leader, 'chat.remove', { conversation, users: [user] })
    await xia.page.context().setOffline(false)
    await until('it was refused', async () => (await xia.state('Too late')) === 'failed')
    await xia.message('Too late').getByRole('button', { name: 'Try again' }).click()
    await until('it was refused again', async () => (await xia.state('Too late')) === 'failed')
    await xia.message('Too late').getByRole('button', { name: 'Discard' }).click()
    await until('it is gone', async () => (await xia.messages.count()) === 0)
    await closeTabs(wim, xia)
  })

  test('[M55] a message is answered, reacted to, edited with the keyboard, and deleted, and the other one sees each', async () => {
    const [gil, hana] = await site.pair('gil', 'hana')
    await gil.say('Dinner at seven')
    await hana.message('Dinner at seven').waitFor()
    await hana.act('Dinner at seven', 'Reply')
    await hana.say('I will be there')
    await gil.message('I will be there').locator('.quote').waitFor()
    await eventually(() => gil.message('I will be there').locator('.quote-text').innerText(), 'Dinner at seven')
    await hana.act('I will be there', 'React with 👍')
    await gil.message('I will be there').locator('.reaction').filter({ hasText: '👍' }).click()
    await until(
      'both reactions are counted',
      async () => (await hana.message('I will be there').locator('.reaction b').allInnerTexts()).join() === '2',
    )
    await gil.message('I will be there').locator('.reaction').click()
    await until('one is taken back', async () => (await hana.message('I will be there').locator('.reaction b').count()) === 0)

    await gil.say('Or at ate')
    await hana.message('Or at ate').waitFor()
    await gil.takesUp('Or at ate')
    await gil.say('Or at eight')
    await hana.message('Or at eight').waitFor()
    await eventually(() => hana.message('Or at eight').locator('.meta').innerText(), expect.stringContaining('edited'))
    await gil.takesUp('Or at eight')
    await gil.composer.press('Escape')
    await eventually(() => gil.composer.inputValue(), '')
    await gil.act('Or at eight', 'Delete')
    await gil.answer('Delete for everyone')
    await hana.message('This message was deleted').waitFor()
    await hana.message('Dinner at seven').last().waitFor()
    await hana.messages.first().locator('.bubble').click({ button: 'right' })
    await hana.page.getByRole('menuitem', { name: 'Delete' }).click()
    await hana.answer('Delete for me')
    await until('it is gone for her', async () => (await hana.messages.count()) === 2)
    await eventually(() => gil.messages.count(), 3)

    await gil.messages.first().locator('.bubble').click({ button: 'right' })
    await gil.page.getByRole('menuitem', { name: 'Info' }).click()
    await gil.page.getByRole('complementary', { name: 'Message info' }).getByText('Read by').waitFor()
    await closeTabs(gil, hana)
  })

  test('[M56] a group: made, renamed, joined by a link that can be revoked, ranked, and left', async () => {
    const [ida, jon, kim] = await Promise.all(['ida', 'jon', 'kim'].map(async name => site.open(await site.browserOf(), name)))
    if (ida === undefined || jon === undefined || kim === undefined) throw new Error('three tabs were opened')
    const names = await Promise.all([jon, kim].map(async tab => (await tab.account()).user))
    await ida.page.getByRole('button', { name: 'New group' }).click()
    await ida.page.getByRole('textbox', { name: 'Name of the group' }).fill('Climbing')
    await ida.page.getByRole('textbox', { name: 'Members' }).fill(`${names[0]},`)
    await ida.page.getByRole('button', { name: 'Create the group' }).click()
    await ida.composer.waitFor()
    await jon.listed('Climbing').click()
    await jon.page.getByText('Ida created the group “Climbing”').last().waitFor()

    await ida.page.getByRole('button', { name: 'Group details' }).click()
    const panel = ida.page.getByRole('complementary', { name: 'Group' })
    await panel.getByRole('textbox', { name: 'Name of the group' }).fill('Bouldering')
    await panel.getByRole('button', { name: 'Save the name' }).click()
    await jon.listed('Bouldering').waitFor()
    await panel.getByRole('button', { name: 'Create an invite link' }).click()
    const link = await panel.locator('output').innerText()
    await kim.page.goto(`${link.replace(/^https?:\/\/[^/]+/, site.url)}&as=kim&device=laptop`)
    await kim.answer('Join')
    await kim.page.getByText('You joined by the invite link').last().waitFor()
    await kim.say('Hello from the link')
    await ida.message('Hello from the link').waitFor()
    await until('all have read it', async () => (await kim.state('Hello from the link')) === 'read')
    await panel.getByRole('button', { name: 'Revoke' }).click()
    await until('the link is gone', async () => (await panel.locator('output').count()) === 0)
    const stranger = await site.open(await site.browserOf(), 'stranger', 'laptop', `/chat?join=${new URL(link).searchParams.get('join')}`)
    await stranger.answer('Join')
    await stranger.page.locator('.notices p[data-tone="bad"]').waitFor()

    await panel.getByLabel('What to do with Jon').click()
    await panel.getByRole('button', { name: 'Make admin' }).click()
    await jon.page.getByText('Ida made you an admin').last().waitFor()
    await jon.page.getByRole('button', { name: 'Group details' }).click()
    await jon.page.getByLabel('What to do with Kim').click()
    await jon.page.getByRole('complementary', { name: 'Group' }).getByRole('button', { name: 'Remove' }).click()
    await jon.page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
    await kim.page.getByText('You are not in this group any longer.').waitFor()
    await panel.getByRole('button', { name: 'Leave the group' }).click()
    await ida.page.getByRole('dialog').getByRole('button', { name: 'Leave' }).click()
    await jon.page.getByText('Ida left').last().waitFor()
    await until('Jon leads now', async () => (await jon.page.locator('.person', { hasText: 'Jon' }).innerText()).includes('Owner'))
    await closeTabs(ida, jon, kim, stranger)
  })

  test('[M56] a group may ask its admins who comes in, and let them alone write', async () => {
    const [uma, vic] = await Promise.all(['uma', 'vic'].map(async name => site.open(await site.browserOf(), name)))
    if (uma === undefined || vic === undefined) throw new Error('two tabs were opened')
    const account = await uma.account()
    const { conversation } = await site.call<{ conversation: string }>(account, 'chat.group', {
      title: 'Board',
      members: [],
      cid: 'board-1',
    })
    await uma.listed('Board').click()
    await uma.page.getByRole('button', { name: 'Group details' }).click()
    const panel = uma.page.getByRole('complementary', { name: 'Group' })
    await panel.getByRole('switch', { name: 'Ask admins first' }).click()
    await panel.getByRole('button', { name: 'Create an invite link' }).click()
    const code = new URL(await panel.locator('output').innerText()).searchParams.get('join')
    await panel.getByRole('switch', { name: 'Only admins write' }).click()
    await uma.page.getByText('You changed the rules.').last().waitFor()

    await vic.page.goto(`${site.url}/chat?as=vic&device=laptop&join=${code}`)
    await vic.answer('Join')
    await vic.page.locator('.notices').getByText('The admins have been asked.').waitFor()
    await panel.getByRole('button', { name: 'Let Vic in' }).click()
    await vic.listed('Board').click()
    await vic.page.getByText('Only admins write in this group.').waitFor()
    await eventually(() => vic.composer.count(), 0)
    await uma.say('Welcome')
    await vic.message('Welcome').waitFor()
    expect(vic.conversation).toBe(conversation)
    await closeTabs(uma, vic)
  })

  test('[M57] history comes as one scrolls, what one reads stays in place, and search leads to what was said long ago', async () => {
    const [lea, max] = await site.pair('lea', 'max')
    const [account, conversation] = [await max.account(), lea.conversation]
    await max.page.goto(`${site.url}/chat?as=max&device=laptop`)
    for (let index = 1; index <= 400; index++) {
      const text = index === 7 ? 'The password of the lake house is heron' : `Line ${index} ${'of some length '.repeat(index % 9)}`
      await site.call(account, 'chat.send', { conversation, cid: `bulk-${index}`, text, device: 'laptop' })
    }
    await lea.message('Line 400').waitFor()
    await site.isRead(lea, conversation)
    await lea.page.reload()
    await lea.message('Line 400').waitFor()
    await eventually(
      () => lea.messages.count(),
      value => expect(value).toBeLessThan(200),
    )

    const pane = lea.page.locator('.messages')
    await pane.hover()
    const seen = () => lea.messages.first().getAttribute('data-seq').then(Number)
    await until('older messages are there', async () => {
      await lea.page.mouse.wheel(0, -900)
      await Bun.sleep(40)
      return (await seen()) < 250
    })
    const places = () =>
      lea.messages.evaluateAll(rows =>
        Object.fromEntries(rows.map(row => [row.getAttribute('data-seq') ?? '', Math.round(row.getBoundingClientRect().top)])),
      )
    const before = await places()
    await Bun.sleep(500)
    const after = await places()
    const middle = Object.keys(before).find(seq => (before[seq] ?? 0) > 300) ?? ''
    expect(Math.abs((after[middle] ?? Number.NaN) - (before[middle] ?? Number.NaN))).toBeLessThanOrEqual(2)

    await lea.page.getByRole('button', { name: 'Jump to the newest message' }).click()
    await until('the newest is in view', () => lea.message('Line 400').isVisible())
    await lea.page.getByRole('button', { name: 'Search in this chat' }).click()
    await lea.page.getByRole('searchbox', { name: 'Search in this chat' }).fill('heron')
    await lea.page.locator('.results button').click()
    await lea.message('heron').waitFor()
    // It is drawn before the pane is brought to it.
    const top = async () => (await lea.message('heron').boundingBox())?.y ?? Number.NaN
    await until('it is in view', async () => (await top()) > 60 && (await top()) < 740)
    await closeTabs(lea, max)
  })

  test('[M57] one begins at the first message that one has not read, even where it has to be loaded', async () => {
    const [yan, zoe] = await site.pair('yan', 'zoe')
    const [account, { conversation }] = [await yan.account(), zoe]
    await yan.say('Before')
    await until('it has been read', async () => (await yan.state('Before')) === 'read')
    await zoe.page.goto(`${site.url}/chat?as=zoe&device=laptop`)
    for (let index = 1; index <= 130; index++)
      await site.call(account, 'chat.send', { conversation, cid: `unread-${index}`, text: `Unread ${index}.`, device: 'laptop' })
    await zoe.listed('Yan').locator('.count').getByText('130').waitFor()
    await zoe.page.reload()
    await zoe.listed('Yan').click()
    const first = zoe.message('Unread 1.')
    await first.waitFor()
    await until('the line is in view, and the first message below it', async () => {
      const [line, message] = await Promise.all([zoe.page.locator('.news').boundingBox(), first.boundingBox()])
      return line !== null && message !== null && line.y > 60 && line.y < message.y && message.y < 700
    })
    const left = Number(await until('what is below is counted', () => zoe.page.locator('.to-end .count').innerText()))
    expect(left).toBeGreaterThan(100)
    await zoe.page.getByRole('button', { name: 'Jump to the newest message' }).click()
    await until('all is read', async () => (await zoe.listed('Yan').locator('.count').count()) === 0)
    await closeTabs(yan, zoe)
  })

  test('[M52] what is written is text: no markup comes to life, and only addresses of the web are links', async () => {
    const [nia, oli] = await site.pair('nia', 'oli')
    const evil = '<img src=x onerror="document.title=1"><b>bold</b> javascript:alert(1) ftp://plain.example https://safe.example/a?b=1. ok'
    await nia.say(evil)
    const message = oli.message('safe.example')
    await message.waitFor()
    await eventually(() => message.locator('.text').innerText(), evil)
    await eventually(() => message.locator('img, b').count(), 0)
    const links = message.locator('a')
    await eventually(() => links.count(), 1)
    await eventually(() => links.getAttribute('href'), 'https://safe.example/a?b=1')
    await eventually(() => links.getAttribute('rel'), expect.stringContaining('noopener'))
    await nia.say('x'.repeat(16_000))
    await oli.messages.nth(1).waitFor()
    await fits(oli.page)
    await closeTabs(nia, oli)
  })

  test('[M58] on a phone there is one pane at a time, back leads to the list, and a long press opens the actions', async () => {
    const [pia, quin] = await site.pair('pia', 'quin')
    const handset = await site.open(
      await site.browserOf({ viewport: phone, hasTouch: true, isMobile: true, storageState: await quin.page.context().storageState() }),
      'quin',
      'handset',
    )
    await pia.say('Look at your phone')
    await handset.listed('Pia').tap()
    await handset.message('Look at your phone').waitFor()
    await eventually(() => handset.page.locator('.list-pane').isVisible(), false)
    await fits(handset.page)
    await eventually(
      async () => (await handset.page.locator('.composer').boundingBox())?.y,
      value => expect(value).toBeLessThan(phone.height),
    )
    await handset.page.setViewportSize({ width: 390, height: 430 })
    const bottom = async () => {
      const { y, height } = (await handset.page.locator('.composer').boundingBox()) ?? { y: Number.NaN, height: 0 }
      return y + height
    }
    await eventually(bottom, value => expect(value).toBeLessThanOrEqual(430))
    await handset.page.setViewportSize(phone)

    await handset.page.getByRole('button', { name: 'Contact details' }).tap()
    await handset.page.getByRole('complementary', { name: 'Contact' }).waitFor()
    await handset.page.goBack()
    await handset.message('Look at your phone').waitFor()
    await handset.message('Look at your phone').locator('.bubble').dispatchEvent('pointerdown', { pointerType: 'touch', bubbles: true })
    await handset.page.getByRole('menuitem', { name: 'Reply' }).waitFor()
    await handset.page.keyboard.press('Escape')
    await handset.page.goBack()
    await until('the list is back', () => handset.page.locator('.list-pane').isVisible())
    await closeTabs(pia, quin, handset)
  })

  test('[M59] it can be used by keyboard, and says who types, who is there, and what came', async () => {
    const [ria, sam] = await site.pair('ria', 'sam')
    await sam.composer.pressSequentially('Typing')
    await ria.page.locator('.standing').getByText('typing…').waitFor()
    await sam.composer.press('Enter')
    await ria.page.locator('.standing').getByText('online').waitFor()
    await until('it is read aloud', async () => (await ria.page.getByTestId('spoken').textContent()) === 'Sam: Typing')

    await ria.page.keyboard.press('Control+k')
    await ria.page.getByRole('combobox', { name: 'Search chats and messages' }).fill('sam')
    await ria.page.getByRole('option', { selected: true }).filter({ hasText: 'Sam' }).waitFor()
    await ria.page.keyboard.press('Enter')
    await until('the switcher has closed', async () => (await ria.page.getByRole('dialog').count()) === 0)
    await ria.composer.fill('draft that stays')
    await ria.page.reload()
    await until('the draft is there', async () => (await ria.composer.inputValue()) === 'draft that stays')
    await ria.composer.fill('')
    await ria.page.getByRole('searchbox', { name: 'Search chats' }).focus()
    await ria.page.keyboard.press('ArrowDown')
    await eventually(() => ria.page.evaluate(() => document.activeElement?.className), expect.stringContaining('list-item'))
    await sam.page.context().close()
    await ria.page.locator('.standing').getByText('last seen').waitFor()

    await ria.page.getByRole('button', { name: 'Your account: Ria' }).click()
    await ria.page.getByRole('button', { name: 'Sign out' }).click()
    await ria.page.getByRole('textbox', { name: 'Name' }).waitFor()
    await closeTabs(ria)
  })
})
