import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { BrowserContext, Page } from 'playwright-core'
import { Browser, eventually, lacks, SteppedClock, still, type TestServer, until } from '../kit/index.ts'
import { Feed, goal, startSports } from './feed.ts'

const phone = { width: 390, height: 844 }
const aWhileMs = 60_000

/** The server and the pages have one clock, which the test moves: what is ten seconds behind stays so, however slow a page is. */
describe.skipIf(lacks('chromium', 'pages that are behind'))('pages that are behind', () => {
  const clock = new SteppedClock()
  let started: TestServer
  let browser: Browser
  let games = 0
  const contexts = new Set<BrowserContext>()

  beforeAll(async () => {
    started = await startSports(undefined, { clock })
    browser = await Browser.launch()
  })

  afterAll(async () => {
    await browser[Symbol.asyncDispose]()
    await started[Symbol.asyncDispose]()
  })

  /** A match in its second half, with a goal of the guests. */
  async function newGame(): Promise<Feed> {
    const feed = new Feed(started.url, `behind-${++games}`)
    await feed.put({ home: { name: 'Reds', code: 'RED' }, away: { name: 'Blues', code: 'BLU' } })
    await feed.post(
      { id: 'k', kind: 'period_start', period: 'second_half', tEvent: clock.now() - 600_000 },
      goal('first', { team: 'away', players: [{ name: 'Berg' }] }),
    )
    return feed
  }

  async function device(): Promise<BrowserContext> {
    const context = await browser.launched.newContext({ viewport: phone })
    await context.clock.setFixedTime(clock.now())
    contexts.add(context)
    return context
  }

  async function open(context: BrowserContext, path: string): Promise<Page> {
    const page = await context.newPage()
    await page.goto(started.url + path)
    return page
  }

  /** Lets time go by for the server and for whoever looks. */
  async function pass(ms: number): Promise<void> {
    clock.advance(ms)
    for (const context of contexts) await context.clock.setFixedTime(clock.now())
  }

  async function close(...closing: readonly BrowserContext[]): Promise<void> {
    for (const context of closing) {
      contexts.delete(context)
      await context.close()
    }
  }

  const score = (page: Page) => async () =>
    (await Promise.all(['score-home', 'score-away'].map(id => page.getByTestId(id).innerText()))).join('-')
  const inSecondsOf = (text: string) => {
    const [min = Number.NaN, sec = Number.NaN] = (/\d+:\d\d/.exec(text)?.[0] ?? '').split(':').map(Number)
    return min * 60 + sec
  }
  const minute = async (page: Page) => inSecondsOf(await page.locator('.clock-pill').innerText())

  test('[S24] a page shows the match as it was so long ago, says so on every page, and goes back to now', async () => {
    const feed = await newGame()
    const context = await device()
    const page = await open(context, `/sports/${feed.game}`)
    await eventually(score(page), '0-1')
    // What is there when the delay is chosen is shown as it was ten seconds ago: before the match was put.
    await page.getByRole('radio', { name: '10 s' }).check()
    await page.getByText('10 s behind, no spoilers').waitFor()
    await eventually(() => page.locator('.score.to-come').innerText(), 'v')
    await feed.post(goal('g', { period: 'second_half', clock: { min: 55 }, players: [{ name: 'Adeyemi' }] }))
    const list = await open(context, '/sports')
    await list.getByText('10 s behind, no spoilers').waitFor()
    for (const other of [page, list])
      await still(
        () => other.content(),
        value => expect(value).not.toContain('Adeyemi'),
      )
    await page.getByRole('radio', { name: 'none' }).check()
    await eventually(score(page), '1-1')
    await page.getByRole('radio', { name: '30 s' }).check()
    await eventually(() => page.locator('.score.to-come').innerText(), 'v')
    await page.reload()
    await page.getByText('30 s behind, no spoilers').waitFor()
    await eventually(() => page.getByText('delay=30s').count(), 1)
    await until('the other page has heard of it', () => list.getByRole('radio', { name: '30 s' }).isChecked())
    await close(context)
  })

  test('[S24] a goal is celebrated when it is seen, by a clock that is as far behind', async () => {
    const feed = await newGame()
    await pass(aWhileMs)
    const [live, behind] = [await device(), await device()]
    await behind.addInitScript(() => localStorage.setItem('fanfare.sports.delay', '10'))
    const [now, then] = [await open(live, `/sports/${feed.game}`), await open(behind, `/sports/${feed.game}`)]
    for (const page of [now, then]) await eventually(score(page), '0-1')
    await eventually(async () => (await minute(now)) - (await minute(then)), 10)
    await feed.post(goal('g', { period: 'second_half', clock: { min: 55 }, players: [{ name: 'Adeyemi' }] }))
    await now.locator('.goal-banner', { hasText: 'Adeyemi' }).waitFor()
    await eventually(score(now), '1-1')
    await pass(9_000)
    await still(score(then), '0-1')
    await pass(1_000)
    await then.locator('.goal-banner', { hasText: 'Adeyemi' }).waitFor()
    await eventually(score(then), '1-1')
    await close(live, behind)
  })
})
