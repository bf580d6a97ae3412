import { afterEach, describe, expect, test } from 'bun:test'
import { apiKey, Browser, eventually, FetchedStream, fits, lacks, until, userToken } from '../kit/index.ts'
import { endAll, hangsOn, startCentral, startRelay } from '../kit/servers/tree.ts'

afterEach(endAll)

describe.skipIf(lacks('chromium', 'the tree on the operations page'))('the operations page', () => {
  test('[CD7] draws who feeds whom with the arithmetic of the fan-out, as a list on a phone, and follows what changes', async () => {
    const central = await startCentral()
    const regional = await startRelay([central], { region: 'eu' })
    const edges = [await startRelay([regional], { region: 'eu-1' }), await startRelay([regional], { region: 'eu-2' })]
    for (const edge of edges) await hangsOn(edge, regional)
    const token = await userToken('viewer')
    using stream = new FetchedStream(`${edges[0]?.url}/sse?channel=kept:1&token=${token}`)
    await stream.opened()
    await using browser = await Browser.launch()
    const page = await browser.open(`${central.url}/ops`)
    await page.fill('input[type=password]', apiKey)
    await page.keyboard.press('Enter')

    await page.getByText('1 goal = 1 + 1 + 2 = 4 sends between nodes').waitFor()
    const boxes = page.locator('.tree-box')
    await until('every node is drawn', async () => (await boxes.count()) === 4)
    await eventually(() => page.locator('.tree-line').count(), 3)
    await until('the viewer is counted', async () => (await boxes.allTextContents()).some(text => /eu-1.*1 viewer/.test(text)))
    await central.publish('kept:1', 1)
    await until('what goes over a hop is seen', async () => (await page.locator('.tree-line[data-busy="true"]').count()) >= 2)

    await page.setViewportSize({ width: 390, height: 844 })
    await until('it is a list', () => page.locator('.tree-list').isVisible())
    await eventually(() => page.locator('.tree-picture').isVisible(), false)
    await eventually(() => page.locator('.tree-list li').count(), 4)
    await eventually(() => page.locator('.tree-list ul ul li').count(), 2)
    await fits(page)
    await edges[1]?.server.close()
    await page.getByText('1 goal = 1 + 1 + 1 = 3 sends between nodes').waitFor()
    expect(browser.errors).toEqual([])
  })
})
