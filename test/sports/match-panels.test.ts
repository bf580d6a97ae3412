import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Page } from 'playwright-core'
import { Browser, eventually, fits, inSeconds, lacks, still, type TestServer, until } from '../kit/index.ts'
import { Feed, goal, startSports } from './feed.ts'

const skipped = lacks('chromium', 'the panels of a match')
const phone = { width: 390, height: 844 }
const desktop = { width: 1280, height: 900 }

const event = (id: string, kind: string, min: number, fields: object = {}) => ({
  id,
  kind,
  period: 'first_half',
  clock: { min },
  team: 'home',
  players: [{ name: 'Nine' }],
  ...fields,
})
const eleven = ['One', 'Two', 'Three', 'Four', 'Five', 'Six', 'Seven', 'Eight', 'Nine', 'Ten', 'Eleven']

describe.skipIf(skipped)('the panels of a match', () => {
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

  async function newGame(id: string, ...events: object[]): Promise<Feed> {
    const feed = new Feed(started.url, id)
    await feed.put({ home: 'Reds', away: 'Blues', competition: 'Northern League' })
    await feed.post({ id: 'k', kind: 'period_start', period: 'first_half', tEvent: inSeconds(0) * 1000 }, ...events)
    return feed
  }

  async function open({ game }: Feed, size: { readonly width: number; readonly height: number }): Promise<Page> {
    const page = await browser.open(`${started.url}/sports/${game}`)
    await page.setViewportSize(size)
    await page.emulateMedia({ reducedMotion: 'reduce' })
    await page.locator('.badge[data-link="live"]').waitFor()
    await page.locator('.scoreboard').waitFor()
    return page
  }

  const lineup = (fields: object = {}) => ({
    id: 'l',
    kind: 'lineup',
    team: 'home',
    players: eleven.map((name, index) => ({ name, number: index + 1 })),
    data: { formation: '4-3-3', bench: [{ name: 'Twelve', number: 12 }] },
    ...fields,
  })

  test('[W47] the timeline shows all, or goals, cards or substitutions alone, also of what comes meanwhile', async () => {
    const feed = await newGame('filters', goal('g'), event('c', 'card', 20, { data: { card: 'yellow' } }))
    const page = await open(feed, phone)
    const ids = () => page.locator('.events li').evaluateAll(rows => rows.map(row => row.getAttribute('data-id')))
    const becomes = (...shown: string[]) => until(`the timeline is ${shown}`, async () => Bun.deepEquals(await ids(), shown))
    await becomes('c', 'g', 'k')
    await page.getByRole('radio', { name: 'Goals' }).check()
    await becomes('g')
    await page.getByRole('radio', { name: 'Subs' }).check()
    await page.getByText('No substitutions yet.').waitFor()
    await feed.post(goal('h', { clock: { min: 30 } }), event('s', 'substitution', 31, { players: [{ name: 'Twelve' }, { name: 'Nine' }] }))
    await becomes('s')
    await page.keyboard.press('ArrowLeft')
    await becomes('c')
    await eventually(() => page.getByRole('radio', { name: 'Cards' }).isChecked(), true)
    await page.getByRole('radio', { name: 'All' }).check()
    await becomes('s', 'h', 'c', 'g', 'k')
    await page.close()
  })

  test.each([
    ['a phone', phone],
    ['a desktop', desktop],
  ] as const)('[W45] who begins stands on a pitch as the formation says, with goals, cards and changes, on %s', async (_, size) => {
    const feed = await newGame(`pitch-${size.width}`, lineup())
    const page = await open(feed, size)
    if (size === phone) await page.locator('#tab-teams').click()
    await page.locator('.pitch').waitFor()
    const boxes = await page.locator('.eleven.home li').evaluateAll(players =>
      players.map(player => {
        const { x, y, width, height } = player.getBoundingClientRect()
        return { name: player.getAttribute('title') ?? '', x: x + width / 2, y: y + height / 2, width, height }
      }),
    )
    const rows = [...Map.groupBy(boxes, ({ y }) => Math.round(y / 10)).values()].map(row => row.map(({ name }) => name))
    expect(rows).toEqual([['One'], ['Two', 'Three', 'Four', 'Five'], ['Six', 'Seven', 'Eight'], ['Nine', 'Ten', 'Eleven']])
    // The side at home plays downwards: its right is on the left.
    expect(boxes.slice(1, 5).map(({ x }) => x)).toEqual(
      boxes
        .slice(1, 5)
        .map(({ x }) => x)
        .toSorted((a, b) => a - b),
    )
    const field = (await page.locator('.pitch').boundingBox()) ?? { x: 0, width: 0 }
    for (const { x } of boxes) expect(x).toBeWithin(field.x, field.x + field.width)
    await feed.post(
      goal('g', { players: [{ name: 'Nine' }] }),
      event('c', 'card', 20, { players: [{ name: 'Two' }], data: { card: 'yellow' } }),
      event('s', 'substitution', 30, { players: [{ name: 'Twelve' }, { name: 'Ten' }] }),
    )
    await page.locator('.eleven li[title="Nine"] .ball').waitFor()
    await eventually(() => page.locator('.eleven li[title="Two"]').innerText(), expect.stringContaining("Card 21'"))
    await eventually(() => page.locator('.eleven li[title="Ten"]').innerText(), expect.stringContaining("▼ 31'"))
    await eventually(() => page.locator('.lineups').innerText(), expect.stringMatching(/Came on\s+12\s+Twelve\s+▲ 31'/))
    await fits(page)
    // What somebody did moves nobody.
    const after = await page.locator('.eleven.home li').evaluateAll(players => players.map(player => player.getBoundingClientRect().x))
    expect(after).toEqual(boxes.map(({ x, width }) => x - width / 2))
    await page.close()
  })

  test('[W45] a line-up without formation and positions is a list', async () => {
    const page = await open(await newGame('sheet', lineup({ data: { bench: [] } })), desktop)
    await page.locator('.lineups', { hasText: 'Eleven' }).waitFor()
    await eventually(() => page.locator('.pitch').count(), 0)
    await page.close()
  })

  test('[W46] shots whose places are known stand on a map, each side attacking its own way, and come by themselves', async () => {
    const shot = (id: string, fields: object) => event(id, 'shot', 20, { data: { outcome: 'saved' }, ...fields })
    const feed = await newGame('shots', goal('placeless'))
    const page = await open(feed, desktop)
    await eventually(() => page.locator('#panel-shots').count(), 0)
    await feed.post(shot('a', { xy: [90, 50], players: [{ name: 'Okoro' }] }), shot('b', { team: 'away', xy: [90, 50] }))
    await until('both are there', async () => (await page.locator('.shot').count()) === 2)
    const field = (await page.locator('.shot-field').boundingBox()) ?? { x: 0, width: 1 }
    const along = await page
      .locator('.shot')
      .evaluateAll(dots => dots.map(dot => dot.getBoundingClientRect()).map(({ x, width }) => x + width / 2))
    expect(along.map(x => Math.round(((x - field.x) / field.width) * 100))).toEqual([90, 10])
    await page.getByRole('radio', { name: "21', Okoro, Saved" }).focus()
    await page.keyboard.press('ArrowRight')
    await until('the other is told of', async () => (await page.locator('.shot-words').innerText()).includes('Blues'))
    await feed.post(goal('c', { clock: { min: 40 }, xy: [95, 45], players: [{ name: 'Adeyemi' }] }))
    await page.getByRole('radio', { name: "41', Adeyemi, Goal" }).waitFor()
    expect(await feed.get<{ shots: { id: string }[] }>('shots')).toMatchObject({
      shots: [{ id: 'a' }, { id: 'b' }, { id: 'c', outcome: 'goal' }],
    })
    await page.close()
  })

  test.each([
    ['a phone', phone],
    ['a desktop', desktop],
  ] as const)('[W50] the first goal, a review and its end move nothing below the score on %s', async (_, size) => {
    const feed = await newGame(`still-${size.width}`)
    const page = await open(feed, size)
    const top = () => page.locator('.tabs').evaluate(tabs => Math.round(tabs.getBoundingClientRect().top))
    const before = await top()
    const given = goal('g', { players: [{ name: 'Adeyemi Longname-Okoro' }], state: 'provisional' })
    await feed.post(given)
    await page.locator('.scorers', { hasText: 'Okoro' }).waitFor()
    await still(top, before)
    await feed.post({ id: 'v', kind: 'var_start', ref: 'g', data: { reason: 'offside' } })
    await page.locator('.review', { hasText: 'goal by Adeyemi Longname-Okoro' }).waitFor()
    await still(top, before)
    await fits(page)
    await feed.post({ id: 'e', kind: 'var_end', ref: 'g', data: { outcome: 'goal' } }, { ...given, rev: 2, state: 'confirmed' })
    await page.locator('.review').waitFor({ state: 'detached' })
    await still(top, before)
    await page.close()
  })

  test('[W48] beside a long column there is always something to read, and under a short one no void', async () => {
    const lines = Array.from({ length: 60 }, (_, index) =>
      event(`t${index}`, 'commentary', index % 45, { players: [], data: { text: `Line ${index}.` } }),
    )
    const long = await newGame(
      'long-page',
      lineup(),
      ...lines,
      ...Array.from({ length: 25 }, (_, index) => goal(`g${index}`, { clock: { min: index } })),
    )
    const page = await open(long, desktop)
    await page.locator('.commentary li').first().waitFor()
    await page.locator('.pitch').scrollIntoViewIfNeeded()
    const visible = () =>
      page.locator('#panel-text').evaluate(panel => {
        const { top, bottom } = panel.getBoundingClientRect()
        return Math.min(bottom, innerHeight) - Math.max(top, 0)
      })
    await eventually(visible, value => expect(value).toBeGreaterThan(desktop.height / 2))
    await page.close()
    const other = await open(await newGame('short-page', goal('g')), desktop)
    const columns = other.locator('.column')
    const bottoms = () =>
      columns.evaluateAll(all => all.map(column => Math.max(...[...column.children].map(panel => panel.getBoundingClientRect().bottom))))
    await eventually(bottoms, value => expect(Math.max(...value) - Math.min(...value)).toBeLessThan(300))
    await other.close()
  })
})
