import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Browser, eventually, fits, inSeconds, lacks, type TestServer } from '../kit/index.ts'
import { Feed, goal, startSports } from './feed.ts'

const skipped = lacks('chromium', 'pages of matches before, after and between their whistles')

describe.skipIf(skipped)('pages of matches before, after and between their whistles', () => {
  let started: TestServer
  let browser: Browser

  beforeAll(async () => {
    started = await startSports()
    browser = await Browser.launch()
  })

  afterAll(async () => {
    expect(browser.errors).toEqual([])
    await browser[Symbol.asyncDispose]()
    await started[Symbol.asyncDispose]()
  })

  async function open(feed: Feed, width: number) {
    const page = await browser.open(`${started.url}/sports/${feed.game}`)
    await page.setViewportSize({ width, height: 844 })
    await page.locator('.badge[data-link="live"]').waitFor()
    return page
  }

  test('[W40] a match to come shows no score, and when it begins', async () => {
    const feed = new Feed(started.url, 'to-come')
    await feed.put({ home: 'Reds', away: 'Blues', kickoffUtcMs: inSeconds(5 * 86_400) * 1000 })
    const page = await open(feed, 390)
    await eventually(() => page.locator('.score').innerText(), 'v')
    await eventually(
      () => page.locator('.clock-pill').innerText(),
      value => expect(value).not.toContain('soon'),
    )
    await eventually(() => page.locator('.progress, .stats').count(), 0)
    await page.goto(`${started.url}/sports`)
    const row = page.locator('[data-game="to-come"]')
    await row.waitFor()
    await eventually(() => row.locator('.row-score b').count(), 0)
    await eventually(() => row.locator('.row-clock').innerText(), expect.stringMatching(/\d\d?:\d\d/))
  })

  test('[W40] a period whose whistle was left out shows its minute, and its name once', async () => {
    const feed = new Feed(started.url, 'no-whistle')
    await feed.put({ home: 'Reds', away: 'Blues' })
    await feed.post(goal('g', { period: 'second_half', clock: { min: 62 } }))
    const page = await open(feed, 1280)
    await eventually(() => page.locator('.match-clock').innerText(), expect.stringMatching(/^62:\d\d\s+2nd half\s+HT 0–0$/))
  })

  test('[W40] the longest names stay clear of the score on a phone', async () => {
    const feed = new Feed(started.url, 'long')
    const name = 'Borussia Verein für Leibesübungen 1900 Mönchengladbach'
    await feed.put({ home: { name, code: 'BMG' }, away: { name: `Wolverhampton${'wanderers'.repeat(4)}`, code: 'WOL' } })
    await feed.post(goal('g'))
    const page = await open(feed, 390)
    const box = async (selector: string) => (await page.locator(selector).boundingBox()) ?? { x: 0, width: 0 }
    const [home, score, away] = [await box('.team.home .name'), await box('.score'), await box('.team.away .name')]
    expect(home.x + home.width).toBeLessThanOrEqual(score.x)
    expect(score.x + score.width).toBeLessThanOrEqual(away.x)
    await fits(page)
  })

  test('[W40] a goal that is taken back is celebrated no longer', async () => {
    const feed = new Feed(started.url, 'banner')
    await feed.put({ home: 'Reds', away: 'Blues' })
    await feed.post({ id: 'k', kind: 'period_start', period: 'first_half', tEvent: inSeconds(0) * 1000 })
    const page = await open(feed, 1280)
    // The page's timers stand still from here on, so that the banner does not end by itself; the leap is shorter than the silence it would notice.
    await page.clock.install()
    await page.reload()
    await page.locator('.badge[data-link="live"]').waitFor()
    await page.clock.pauseAt(inSeconds(20) * 1000)
    await feed.post(goal('g'))
    await page.locator('.goal-banner').waitFor()
    await feed.post({ id: 'g', rev: 2, state: 'deleted' })
    await page.locator('.goal-banner').waitFor({ state: 'detached' })
  })
})
