import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Locator, Page } from 'playwright-core'
import sharp from 'sharp'
import { eventually, lacks, still, until } from '../kit/index.ts'
import { ChatSite, desktop, phone } from './chat-site.ts'
import { closeTabs, type Tab } from './chat-tab.ts'

const skipped = lacks('chromium', 'pictures and files in a browser')

const report = { name: 'report.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.7 nothing') }

/** A picture that takes some bytes, so that its upload takes some pieces. */
async function picture(name: string, width = 1600, height = 1000) {
  const noise = sharp({ create: { width, height, channels: 3, background: '#000', noise: { type: 'gaussian', mean: 150, sigma: 40 } } })
  return { name, mimeType: 'image/jpeg', buffer: await noise.jpeg({ quality: 80 }).toBuffer() }
}

type Chosen = Awaited<ReturnType<typeof picture>>

async function choose(tab: Tab, ...files: readonly Chosen[]): Promise<void> {
  const chooser = tab.page.waitForEvent('filechooser')
  await tab.page.getByRole('button', { name: 'Attach files' }).click()
  await (await chooser).setFiles([...files])
  await sheet(tab).waitFor()
}

const sheet = (tab: Tab) => tab.page.getByRole('dialog', { name: 'Send files' })
const pictures = (tab: Tab) => tab.page.locator('.message .picture img')

/** Where something ends. */
async function right(part: Locator): Promise<number> {
  const { x, width } = (await part.boundingBox()) ?? { x: Number.NaN, width: 0 }
  return x + width
}

/** Whether pictures are there, with all of their bytes. */
async function areLoaded(tab: Tab, count: number): Promise<boolean> {
  const widths = await pictures(tab).evaluateAll(all =>
    all.map(img => (img instanceof HTMLImageElement && img.complete ? img.naturalWidth : 0)),
  )
  return widths.length === count && widths.every(width => width > 0)
}

/** How many messages that wait, and how many conversations, the browser keeps: what a reload finds. */
function kept(page: Page): Promise<readonly number[]> {
  return page.evaluate(async () => {
    const [{ name = '' } = {}] = await indexedDB.databases()
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const opening = indexedDB.open(name)
      opening.onsuccess = () => resolve(opening.result)
      opening.onerror = () => reject(opening.error)
    })
    const counts = ['outbox', 'conversations'].map(
      store =>
        new Promise<number>((resolve, reject) => {
          const counting = database.transaction(store).objectStore(store).count()
          counting.onsuccess = () => resolve(counting.result)
          counting.onerror = () => reject(counting.error)
        }),
    )
    return Promise.all(counts).finally(() => database.close())
  })
}

/** Gives files to the page as a paste or a drop does. */
async function hand(page: Page, kind: 'paste' | 'drop', { name, mimeType, buffer }: Chosen): Promise<void> {
  await page.evaluate(
    ([event, file, type, base64]) => {
      const transfer = new DataTransfer()
      transfer.items.add(new File([Uint8Array.from(atob(base64 ?? ''), unit => unit.charCodeAt(0))], file ?? '', { type: type ?? '' }))
      const options = { bubbles: true, cancelable: true }
      if (event === 'paste') document.activeElement?.dispatchEvent(new ClipboardEvent('paste', { ...options, clipboardData: transfer }))
      else {
        const messages = document.querySelector('.messages')
        for (const each of ['dragenter', 'dragover', 'drop'])
          messages?.dispatchEvent(new DragEvent(each, { ...options, dataTransfer: transfer }))
      }
    },
    [kind, name, mimeType, buffer.toString('base64')] as const,
  )
}

describe.skipIf(skipped)('pictures and files in the chat', () => {
  let site: ChatSite
  beforeAll(async () => {
    site = await ChatSite.start()
  })
  afterAll(() => site?.[Symbol.asyncDispose]())

  test('[W100] a caption names members as a message does, by keyboard, and Enter sends once nobody is being named', async () => {
    const [ann, bob] = await Promise.all(['amy', 'ben'].map(async name => site.open(await site.browserOf(), name)))
    if (ann === undefined || bob === undefined) throw new Error('two tabs were opened')
    const [{ user }, account] = [await bob.account(), await ann.account()]
    await site.call(account, 'chat.group', { title: 'Hiking', members: [user, 'cem'], cid: 'hiking' })
    for (const tab of [ann, bob]) await tab.listed('Hiking').click()
    await choose(ann, await picture('peak.jpg', 300, 200), report)
    const caption = sheet(ann).getByRole('textbox', { name: 'Caption' })
    await caption.pressSequentially('Look @b')
    await eventually(() => sheet(ann).getByRole('option').allInnerTexts(), [expect.stringContaining('Ben')])
    await caption.press('Enter')
    await eventually(() => caption.inputValue(), 'Look @Ben ')
    await sheet(ann).getByRole('button', { name: 'report.pdf', exact: true }).click()
    await eventually(() => caption.inputValue(), '')
    await sheet(ann).getByRole('button', { name: 'peak.jpg', exact: true }).click()
    await caption.pressSequentially('at this')
    await caption.press('Enter')
    await sheet(ann).waitFor({ state: 'detached' })
    await bob.message('at this').locator('.mention[data-me="true"]').getByText('@Ben').waitFor()
    await closeTabs(ann, bob)
  })

  test('[W101] what is copied from an office program is pasted as text, though a picture of it is there too', async () => {
    const [ann, bob] = await site.pair('ada', 'bea')
    await ann.composer.focus()
    const isTaken = await ann.page.evaluate(() => {
      const clipboardData = new DataTransfer()
      clipboardData.setData('text/plain', 'a cell')
      clipboardData.items.add(new File(['picture'], 'image.png', { type: 'image/png' }))
      const event = new ClipboardEvent('paste', { bubbles: true, cancelable: true, clipboardData })
      return document.activeElement?.dispatchEvent(event) === false
    })
    await still(async () => [isTaken, await sheet(ann).count()], [false, 0])
    await closeTabs(ann, bob)
  })

  test('[W75] files are chosen, pasted and dropped, several at once, looked at with a caption each, and come to the other side', async () => {
    const [ann, bob] = await site.pair('ann', 'bob')
    await choose(ann, await picture('beach.jpg'), report)
    await sheet(ann).getByRole('textbox', { name: 'Caption' }).fill('At the beach')
    await hand(ann.page, 'paste', await picture('pasted.jpg', 400, 900))
    await hand(ann.page, 'drop', await picture('dropped.jpg', 300, 300))
    await until('four are shown', async () => (await sheet(ann).locator('.attach-remove').count()) === 4)
    await sheet(ann).getByRole('button', { name: 'Remove dropped.jpg' }).click()
    await sheet(ann).getByRole('button', { name: 'Send 3 files' }).click()
    await bob.message('At the beach').waitFor()
    await bob.page.locator('.file-row').getByText('report.pdf').waitFor()
    await until('both pictures are there', () => areLoaded(bob, 2))
    await until('all are sent', async () => (await ann.page.locator('.message[data-state="waiting"]').count()) === 0)
    await eventually(() => pictures(bob).first().getAttribute('alt'), 'Photo, beach.jpg')
    await eventually(async () => (await bob.message('At the beach').locator('.picture').boundingBox())?.width, 330)
    await bob.page.setViewportSize({ width: 320, height: 700 })
    const [bubble, inside] = [bob.message('At the beach').locator('.bubble'), bob.message('At the beach').locator('.picture')]
    const gap = async () => (await right(bubble)) - (await right(inside))
    await eventually(gap, value => expect(value).toBeGreaterThan(0))
    await bob.page.setViewportSize(desktop)
    await eventually(() => sheet(ann).count(), 0)
    const saving = bob.page.waitForEvent('download')
    await bob.page.getByRole('button', { name: 'Download report.pdf' }).click()
    expect((await saving).suggestedFilename()).toBe('report.pdf')
    await ann.page.goto(`${site.url}/chat?as=ann&device=laptop`)
    await ann.listed('Bob').locator('.list-line').getByText('📷 Photo').waitFor()
    await closeTabs(ann, bob)
  })

  for (const [name, size] of Object.entries({ desktop, phone })) {
    test(`[W76] a photo that is sent offline waits, over a reload, with its picture, and is delivered afterwards (${name})`, async () => {
      const [ann, bob] = await site.pair(`ann-${name}`, `bob-${name}`)
      await ann.page.setViewportSize(size)
      const context = ann.page.context()
      // The page itself is not kept by the browser: it is opened again while its connection is held back.
      await ann.page.routeWebSocket('**/connection/websocket', socket => void socket.close())
      await context.setOffline(true)
      await choose(ann, await picture('away.jpg'))
      await sheet(ann).getByRole('textbox', { name: 'Caption' }).fill('Sent from the train')
      await sheet(ann).getByRole('button', { name: 'Send', exact: true }).click()
      await ann.message('Sent from the train').waitFor()
      await eventually(() => ann.state('Sent from the train'), 'waiting')
      await until('its picture is shown', () => areLoaded(ann, 1))
      await until('it is kept, and its conversation', async () => (await kept(ann.page)).every(count => count === 1))
      await context.setOffline(false)
      await ann.page.reload()
      await ann.message('Sent from the train').waitFor()
      await eventually(() => ann.state('Sent from the train'), 'waiting')
      await until('its picture is shown again', () => areLoaded(ann, 1))
      await still(() => bob.message('Sent from the train').count(), 0)
      const page = await context.newPage()
      await ann.page.close()
      await page.goto(`${site.url}/chat?as=ann-${name}&device=laptop`)
      await bob.message('Sent from the train').waitFor()
      await until('bob has the picture', () => areLoaded(bob, 1))
      await still(() => bob.messages.count(), 1)
      await page.close()
      await closeTabs(bob)
      await context.close()
    })
  }

  test('[W77] the room of a picture is there before it is: nothing moves when it comes', async () => {
    const [ann, bob] = await site.pair('mia', 'noa')
    await bob.page.goto(`${site.url}/chat?as=noa&device=laptop`)
    await choose(ann, await picture('tall.jpg', 600, 1500))
    await sheet(ann).getByRole('button', { name: 'Send', exact: true }).click()
    await until('it is sent', async () => (await ann.page.locator('.message[data-state="waiting"]').count()) === 0)
    const held: (() => void)[] = []
    await bob.page.route('**/chat/files/**', route => void held.push(() => void route.continue()))
    await bob.listed('Mia').click()
    await until('the picture is asked for', () => held.length > 0)
    const box = () => bob.page.locator('.message .picture').boundingBox()
    const before = await box()
    for (const go of held) go()
    await until('it is there', () => areLoaded(bob, 1))
    await still(box, before)
    expect(Math.round(((before?.height ?? 0) / (before?.width ?? 1)) * 10)).toBe(25)
    await closeTabs(ann, bob)
  })

  test('[W78] a click opens a picture over the page; arrows go through the conversation, it is saved, and Escape closes', async () => {
    const [ann, bob] = await site.pair('ida', 'jon')
    await choose(ann, await picture('one.jpg'), await picture('two.jpg', 900, 900), report)
    await sheet(ann).getByRole('button', { name: 'Send 3 files' }).click()
    await until('both are there', () => areLoaded(bob, 2))
    const viewer = bob.page.locator('dialog.viewer')
    const shown = () => viewer.locator('.viewer-picture img').last().getAttribute('alt')
    await bob.page.getByRole('button', { name: /^Open: .*one\.jpg/ }).click()
    await until('the first is shown', async () => (await shown()) === 'one.jpg')
    await bob.page.keyboard.press('ArrowRight')
    await until('the second is shown', async () => (await shown()) === 'two.jpg')
    await bob.page.keyboard.press('ArrowRight')
    await still(shown, 'two.jpg')
    const saving = bob.page.waitForEvent('download')
    await viewer.getByRole('button', { name: 'Download two.jpg' }).click()
    expect((await saving).suggestedFilename()).toBe('two.jpg')
    await bob.page.keyboard.press('ArrowLeft')
    await until('the first is shown again', async () => (await shown()) === 'one.jpg')
    for (const [to, name] of [
      [-120, 'two.jpg'],
      [120, 'one.jpg'],
    ] as const) {
      await viewer.evaluate((dialog, across) => {
        const at = (clientX: number) => ({ clientX, clientY: 300, pointerType: 'touch', bubbles: true })
        dialog.dispatchEvent(new PointerEvent('pointerdown', at(400)))
        dialog.dispatchEvent(new PointerEvent('pointerup', at(400 + across)))
      }, to)
      await until(`a finger goes to ${name}`, async () => (await shown()) === name)
    }
    await bob.page.keyboard.press('Escape')
    await until('it is closed', async () => (await viewer.count()) === 0)
    await closeTabs(ann, bob)
  })

  test('[W79] an upload shows how far it is and is cancelled; one that is refused is tried again or discarded; a deletion takes the picture away', async () => {
    const [ann, bob] = await site.pair('kim', 'lea')
    const held: (() => void)[] = []
    await ann.page.route('**/chat/uploads/**', route => void held.push(() => void route.continue()))
    await choose(ann, await picture('one.jpg'), await picture('two.jpg'))
    await sheet(ann).getByRole('button', { name: 'Send 2 files' }).click()
    await until('both are on their way', () => held.length === 2)
    await eventually(() => ann.page.getByRole('progressbar', { name: 'Sending' }).count(), 2)
    await ann.say('Words go first')
    await bob.message('Words go first').waitFor()
    await ann.page.getByRole('button', { name: 'Cancel sending' }).first().click()
    await until('one is left', async () => (await ann.page.locator('.message .picture').count()) === 1)
    for (const go of held) go()
    await until('the other is there', () => areLoaded(bob, 1))
    await ann.page.unroute('**/chat/uploads/**')

    await ann.page.route('**/chat/uploads/**', route =>
      route.fulfill({ status: 413, json: { error: { code: 413, message: 'quota_exceeded: no room' } } }),
    )
    await choose(ann, await picture('three.jpg'))
    await sheet(ann).getByRole('button', { name: 'Send', exact: true }).click()
    await ann.page.locator('.failure').getByText('Not sent').waitFor()
    await ann.page.unroute('**/chat/uploads/**')
    await ann.page.locator('.failure').getByRole('button', { name: 'Try again' }).click()
    await until('it is there after all', () => areLoaded(bob, 2))
    await ann.page.locator('.message[data-mine="true"] .picture').last().click({ button: 'right' })
    await ann.page.getByRole('menuitem', { name: 'Delete', exact: true }).click()
    await ann.page.getByRole('dialog').getByRole('button', { name: 'Delete for everyone' }).click()
    await until('it is gone', () => areLoaded(bob, 1))
    await closeTabs(ann, bob)
  })
})
