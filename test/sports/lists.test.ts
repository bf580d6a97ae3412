import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Page } from 'playwright-core'
import { Browser, eventually, fits, inSeconds, lacks, still, type TestServer, until } from '../kit/index.ts'
import { Feed, goal, startSports } from './feed.ts'

const skipped = lacks('chromium', 'the list of matches by day and competition')
const sizes = [
  { name: 'a phone', width: 390, height: 844 },
  { name: 'a desktop', width: 1280, height: 900 },
] as const
const hourS = 3600
const longest = 'Borussia Verein für Leibesübungen 1900 Mönchengladbach'

describe.skipIf(skipped)('the list of matches by day and competition', () => {
  let started: TestServer
  let browser: Browser
  const nowMs = () => inSeconds(0) * 1000

  beforeAll(async () => {
    started = await startSports()
    browser = await Browser.launch()
    const put = (id: string, game: object) => new Feed(started.url, id).put({ home: 'Reds', away: 'Blues', ...game })
    await put('live', { home: 'Bodø/Glimt', away: 'İstanbul Başakşehir', competition: 'Northern League', round: 'Matchday 12' })
    await new Feed(started.url, 'live').post({ id: 'k', kind: 'period_start', period: 'first_half', tEvent: nowMs() })
    await put('next', { competition: 'Northern League', round: 'Matchday 12' })
    await put('long', { home: longest, away: `Wolverhampton${'wanderers'.repeat(4)}`, competition: 'Alpine Cup' })
    await new Feed(started.url, 'long').post(goal('g', { players: [{ name: longest }] }))
    await put('rtl', { home: 'نادي الهلال', away: 'הפועל תל אביב', competition: 'Alpine Cup' })
    await new Feed(started.url, 'rtl').post(goal('g', { players: [{ name: 'محمد صلاح' }] }))
    await put('yesterday', { competition: 'Alpine Cup', round: 'Final', kickoffUtcMs: nowMs() - 24 * hourS * 1000 })
    await new Feed(started.url, 'yesterday').post(
      goal('g', { players: [{ name: 'Adeyemi' }] }),
      { id: 'e', kind: 'period_end', period: 'first_half' },
      goal('h', { period: 'second_half', clock: { min: 80 }, team: 'away', players: [{ name: 'Berg' }], data: { how: 'penalty' } }),
      { id: 'f', kind: 'status', data: { status: 'finished' } },
    )
  })

  afterAll(async () => {
    expect(browser.errors).toEqual([])
    await browser[Symbol.asyncDispose]()
    await started[Symbol.asyncDispose]()
  })

  async function open(size: { readonly width: number; readonly height: number } = sizes[1], path = '/sports'): Promise<Page> {
    const page = await browser.open(started.url + path)
    await page.setViewportSize(size)
    // What flies in is larger on its way.
    await page.emulateMedia({ reducedMotion: 'reduce' })
    await page.locator('.match-row').first().waitFor()
    return page
  }

  const shown = (page: Page) => page.locator('.match-row').evaluateAll(rows => rows.map(row => row.getAttribute('data-game')))
  const becomes = (page: Page, ...games: string[]) =>
    until(`the matches are ${games}`, async () => Bun.deepEquals(await shown(page), games))

  test('[W41] matches stand under their day and competition, those with one that is on first', async () => {
    const page = await open()
    await eventually(
      () => page.locator('.group').evaluateAll(groups => groups.map(group => group.getAttribute('aria-label'))),
      ['Alpine Cup', 'Northern League'],
    )
    await eventually(() => page.locator('.group', { hasText: 'Northern League' }).locator('.match-row').count(), 2)
    await eventually(
      () => page.locator('.group', { hasText: 'Northern League' }).locator('.match-row').first().getAttribute('data-game'),
      'live',
    )
    await page.getByRole('radio', { name: /^Yesterday/ }).check()
    await becomes(page, 'yesterday')
    expect(new URL(page.url()).hash).toMatch(/^#\d{4}-\d\d-\d\d$/)
    await page.reload()
    await page.locator('[data-game="yesterday"]').waitFor()
    await becomes(page, 'yesterday')
    await page.getByRole('radio', { name: /^Tomorrow/ }).check()
    await page.getByText('No match on this day.').waitFor()
    await page.getByRole('radio', { name: /^Live/ }).check()
    await becomes(page, 'long', 'rtl', 'live')
    await page.close()
  })

  test('[W42] a search looks through all days, and finds names however they are written', async () => {
    const page = await open()
    const search = page.getByRole('searchbox')
    await search.fill('basaksehir BODO')
    await becomes(page, 'live')
    await search.fill('final')
    await becomes(page, 'yesterday')
    await eventually(() => page.getByRole('region', { name: 'Yesterday' }).count(), 1)
    await search.fill('nobody plays so')
    await page.getByText('No match for “nobody plays so”.').waitFor()
    await search.fill('')
    await until('the day is shown again', async () => (await shown(page)).length === 4)
    await page.close()
  })

  test('[W43] a match tells its scorers, the score at half-time and how far it is', async () => {
    const page = await open(sizes[1], '/sports#live')
    await page.getByRole('radio', { name: /^Yesterday/ }).check()
    const row = page.locator('[data-game="yesterday"]')
    await eventually(() => row.locator('.row-scorers.home').innerText(), "Adeyemi 11'")
    await eventually(() => row.locator('.row-scorers.away').innerText(), "Berg 81'\u00a0(pen)")
    await eventually(() => row.locator('.row-half').innerText(), 'HT 1–0')
    await eventually(() => row.locator('.row-clock').innerText(), expect.stringContaining('FT'))
    await page.close()
  })

  test.each(sizes)('[W43] the first goal moves no other match on $name', async size => {
    const id = `goal-${size.width}`
    const feed = new Feed(started.url, id)
    await feed.put({ home: 'Reds', away: 'Blues', competition: 'AAA' })
    await feed.post({ id: 'k', kind: 'period_start', period: 'first_half', tEvent: nowMs() })
    const page = await open(size)
    await page.locator(`[data-game="${id}"]`).waitFor()
    const places = () => page.locator('.match-row').evaluateAll(rows => rows.map(row => row.getBoundingClientRect().top))
    const before = await places()
    await feed.post(goal('g'))
    await page.locator(`[data-game="${id}"] .row-scorers`, { hasText: 'Nine' }).waitFor()
    await still(places, before)
    await feed.post({ id: 'f', kind: 'status', data: { status: 'finished' } }, { id: 'g', rev: 2, state: 'deleted' })
    await page.close()
  })

  test.each(sizes)('[W44] names of any length and in any script stay in their place on $name', async size => {
    const page = await open(size)
    await fits(page)
    for (const id of ['long', 'rtl']) {
      const boxes = await page
        .locator(`[data-game="${id}"]`)
        .locator('.row-clock, .row-name, .row-score b, .star')
        .evaluateAll(parts => parts.map(part => part.getBoundingClientRect()).map(({ x, y, right, bottom }) => ({ x, y, right, bottom })))
      const crossing = boxes.flatMap((a, index) =>
        boxes.slice(index + 1).filter(b => a.x < b.right - 1 && b.x < a.right - 1 && a.y < b.bottom - 1 && b.y < a.bottom - 1),
      )
      expect([id, crossing]).toEqual([id, []])
    }
    // The minute of a scorer whose name runs from right to left stays behind it.
    const rtl = page.locator('[data-game="rtl"] .row-scorers.home')
    const [name, minute] = [await rtl.locator('bdi').boundingBox(), await rtl.locator('.numeral').boundingBox()]
    expect((name?.x ?? 0) < (minute?.x ?? 0)).toBe(true)
    await page.close()
  })

  test('[W49] days are one stop of the keyboard, and the arrow keys go through them', async () => {
    const page = await open()
    await page.getByRole('radio', { name: /^Today/ }).focus()
    await page.keyboard.press('ArrowLeft')
    await becomes(page, 'yesterday')
    const focused = () =>
      page.evaluate(() => document.activeElement?.closest('label')?.textContent ?? document.activeElement?.getAttribute('type'))
    await eventually(focused, expect.stringContaining('Yesterday'))
    await page.keyboard.press('Tab')
    await eventually(focused, 'search')
    await page.close()
  })
})
