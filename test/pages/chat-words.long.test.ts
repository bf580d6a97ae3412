import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eventually, lacks, until } from '../kit/index.ts'
import { ChatSite, phone } from './chat-site.ts'
import { closeTabs } from './chat-tab.ts'

const skipped = lacks('chromium', 'words and names in a browser')

describe.skipIf(skipped)('words and names in a browser', () => {
  let site: ChatSite
  beforeAll(async () => {
    site = await ChatSite.start()
  })
  afterAll(() => site?.[Symbol.asyncDispose]())

  test('[W90] words stand out as they were marked, addresses of the web can be followed, and nothing else comes to life', async () => {
    const [ada, ben] = await site.pair('ada', 'ben')
    await ada.say('*Bold* _slanted_ ~struck~ `co*d*e` <i>x</i> at www.example.com/a_b_ or http://plain.example')
    const text = ben.message('Bold').locator('.text')
    await text.waitFor()
    await eventually(() => text.innerText(), 'Bold slanted struck co*d*e <i>x</i> at www.example.com/a_b_ or http://plain.example')
    const told = (tag: string) => text.locator(tag).allInnerTexts()
    await eventually(
      async () => [await told('strong'), await told('em'), await told('s'), await told('code')],
      [['Bold'], ['slanted'], ['struck'], ['co*d*e']],
    )
    await eventually(() => text.locator('i').count(), 0)
    const links = await text.locator('a').evaluateAll(all => all.map(a => `${a.getAttribute('href')} ${a.getAttribute('rel')}`))
    expect(links).toEqual([
      'https://www.example.com/a_b noopener noreferrer nofollow',
      'http://plain.example/ noopener noreferrer nofollow',
    ])
    await eventually(() => ben.listed('Ada').innerText(), expect.stringContaining('Bold slanted struck'))
    await closeTabs(ada, ben)
  })

  test('[W91] a mistyped name says that nobody is there, and opens a chat only when one goes on', async () => {
    const [cleo, dan] = await Promise.all(['cleo', 'dan'].map(async name => site.open(await site.browserOf({ viewport: phone }), name)))
    if (cleo === undefined || dan === undefined) throw new Error('two tabs were opened')
    const { user } = await dan.account()
    const field = cleo.page.getByRole('textbox', { name: 'Whom do you want to write to?' })
    await cleo.page.getByRole('button', { name: 'New chat' }).first().click()
    await field.fill(`${user}x`)
    await field.press('Enter')
    await cleo.page.getByRole('alert').getByText('No one by that name has been here yet').waitFor()
    await eventually(() => cleo.page.locator('.list-item').count(), 0)
    await field.fill(user)
    await until('it is no longer said', async () => (await cleo.page.getByRole('alert').count()) === 0)
    await field.press('Enter')
    await cleo.composer.waitFor()
    await cleo.page.goto(`${site.url}/chat?as=cleo&device=laptop&with=nobody-1234`)
    await cleo.answer('Open')
    await cleo.page.getByRole('dialog').getByText('No one by that name has been here yet').waitFor()
    await cleo.answer('Write anyway')
    await cleo.composer.waitFor()
    await closeTabs(cleo, dan)
  })

  test('[W91] a group begins with people who are there and a name that can be seen, and what was typed stays', async () => {
    const [eva, finn] = await Promise.all(['eva', 'finn'].map(async name => site.open(await site.browserOf(), name)))
    if (eva === undefined || finn === undefined) throw new Error('two tabs were opened')
    const { user } = await finn.account()
    await eva.page.getByRole('button', { name: 'New group' }).click()
    const title = eva.page.getByRole('textbox', { name: 'Name of the group' })
    await title.fill('\u200b\u2060')
    await eva.page.getByRole('textbox', { name: 'Members' }).fill(`${user},bob-typo,`)
    await eva.page.getByRole('button', { name: 'Create the group' }).click()
    await eva.page.getByRole('alert').getByText('something that can be seen').waitFor()
    await title.fill('Climbing')
    await eva.page.getByRole('button', { name: 'Create the group' }).click()
    await eva.page.getByRole('alert').getByText('bob-typo').waitFor()
    await eva.page.getByRole('button', { name: 'Remove bob-typo' }).click()
    await eva.page.getByRole('button', { name: 'Create the group' }).click()
    await eva.composer.waitFor()
    // A rename that cannot be made now says so, and is still in its field.
    await eva.page.getByRole('button', { name: 'Group details' }).click()
    const name = eva.page.getByRole('complementary').getByRole('textbox', { name: 'Name of the group' })
    await eva.page.context().setOffline(true)
    await eva.page.locator('.link-bar').waitFor()
    await name.fill('Climbing on Sunday')
    await name.press('Enter')
    await eva.page.locator('.notices').getByText('There is no connection').waitFor()
    await eventually(() => name.inputValue(), 'Climbing on Sunday')
    await closeTabs(eva, finn)
  })

  test('[W91] nobody signs in by a name of which nothing is to be seen', async () => {
    const page = await (await site.browserOf()).newPage()
    await page.goto(`${site.url}/chat`)
    await page.getByRole('textbox', { name: 'Name' }).fill('\u200b\u202e')
    await page.getByRole('button', { name: 'Start chatting' }).click()
    await page.getByRole('alert').getByText('Choose a name that can be seen').waitFor()
    await page.context().close()
  })
})
