import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Page } from 'playwright-core'
import { Browser, eventually, inSeconds, lacks, still, type TestServer, until } from '../kit/index.ts'
import { Feed, goal, startSports } from './feed.ts'

const skipped = lacks('chromium', 'pages of matches that are fed over HTTP')
const phone = { width: 390, height: 844 }

describe.skipIf(skipped)('pages of matches that are fed over HTTP', () => {
  let started: TestServer
  let browser: Browser
  let games = 0

  beforeAll(async () => {
    started = await startSports()
    browser = await Browser.launch()
  })

  afterAll(async () => {
    expect(browser.errors).toEqual([])
    await browser[Symbol.asyncDispose]()
    await started[Symbol.asyncDispose]()
  })

  /** A game of its own, in its second half. */
  async function newGame(more: object = {}): Promise<Feed> {
    const feed = new Feed(started.url, `page-${++games}`)
    await feed.put({
      home: { name: `Reds ${games}`, code: 'RED' },
      away: { name: `Blues ${games}`, code: 'BLU' },
      competition: 'Northern League',
      ...more,
    })
    const tEvent = inSeconds(-600) * 1000
    await feed.post(
      { id: 'k', kind: 'period_start', period: 'second_half', tEvent },
      goal('first', { team: 'away', players: [{ name: 'Berg' }] }),
    )
    return feed
  }

  async function open(path: string): Promise<Page> {
    const page = await browser.open(started.url + path)
    await page.setViewportSize(phone)
    await page.locator('.badge[data-link="live"]').waitFor()
    return page
  }

  const score = async (page: Page) =>
    (await Promise.all(['score-home', 'score-away'].map(id => page.getByTestId(id).innerText()))).join('-')
  const shows = (page: Page, expected: string) => until(`the score is ${expected}`, async () => (await score(page)) === expected)

  test('[W20] while a review is open the page says so and what is looked at; a goal that is taken back is struck out and told of', async () => {
    const feed = await newGame()
    const page = await open(`/sports/${feed.game}`)
    const provisional = goal('g', { period: 'second_half', clock: { min: 55 }, players: [{ name: 'Adeyemi' }], state: 'provisional' })
    await feed.post(provisional)
    await shows(page, '1-1')
    await still(() => page.locator('.review').count(), 0)
    await feed.post({ id: 'v', kind: 'var_start', ref: 'g', data: { reason: 'offside' } })
    await page.locator('.review').waitFor()
    await eventually(() => page.locator('.review').innerText(), expect.stringContaining('goal by Adeyemi'))
    await eventually(() => page.locator('[data-id="g"]').innerText(), expect.stringContaining('under review'))
    await feed.post({ id: 'e', kind: 'var_end', ref: 'g', data: { outcome: 'no_goal' } }, { ...provisional, rev: 2, state: 'overturned' })
    await shows(page, '0-1')
    await page.locator('.review').waitFor({ state: 'detached' })
    await eventually(() => page.locator('.notice').innerText(), expect.stringContaining('Goal overturned'))
    await eventually(() => page.locator('[data-id="g"]').getAttribute('data-state'), 'overturned')
    await eventually(() => page.locator('[data-id="g"]').innerText(), expect.stringContaining('Goal, overturned'))
    await page.close()
  })

  test('[W20] a correction after the final whistle is shown, and said to be one', async () => {
    const feed = await newGame()
    await feed.post({ id: 'f', kind: 'status', data: { status: 'finished' } })
    const page = await open(`/sports/${feed.game}`)
    await page.getByText('Full time', { exact: true }).first().waitFor()
    await feed.post(goal('first', { rev: 2, team: 'away', players: [{ name: 'Berg' }], data: { how: 'own' } }))
    await shows(page, '1-0')
    await eventually(() => page.locator('.notice').innerText(), expect.stringContaining('Corrected'))
    await feed.post({ id: 'c', kind: 'status', data: { status: 'corrected', score: { home: 3, away: 0 } } })
    await shows(page, '3-0')
    await page.getByText('Full time, corrected').first().waitFor()
    await page.close()
  })

  test('[W21] line-ups, figures and commentary are those that the feed tells, and follow its corrections', async () => {
    const feed = await newGame()
    const page = await open(`/sports/${feed.game}`)
    const line = { id: 'l', kind: 'commentary', period: 'second_half', clock: { min: 50 }, data: { text: 'A long ball to nobody.' } }
    await feed.post(
      {
        id: 'u',
        kind: 'lineup',
        team: 'home',
        players: [{ name: 'Okoro', number: 7 }],
        data: { formation: '3-5-2', bench: [{ name: 'Hale', number: 12 }] },
      },
      {
        id: 's',
        kind: 'substitution',
        period: 'second_half',
        clock: { min: 60 },
        team: 'home',
        players: [{ name: 'Hale' }, { name: 'Okoro' }],
      },
      { id: 'p', kind: 'stat', team: 'home', data: { name: 'possession', value: 61 } },
      line,
    )
    await page.locator('#tab-teams').click()
    await page.locator('.lineups', { hasText: 'Came on' }).waitFor()
    await eventually(() => page.locator('.lineups').innerText(), expect.stringMatching(/3-5-2[\s\S]*7\s*Okoro[\s\S]*▼[\s\S]*12\s*Hale/))
    await page.locator('#tab-numbers').click()
    await page.getByRole('row', { name: /61\s*Possession %/ }).waitFor()
    await page.locator('#tab-text').click()
    await page.getByText('A long ball to nobody.').waitFor()
    await feed.post({ ...line, rev: 2, data: { text: 'A long ball to Okoro.' } })
    await page.getByText('A long ball to Okoro.').waitFor()
    await eventually(() => page.getByText('A long ball to nobody.').count(), 0)
    await page.close()
  })

  test('[W22] a starred match tells its goals at once, over the stream that is open; the star is kept, and can be taken away', async () => {
    const feed = await newGame()
    const page = await open('/sports')
    const streams: string[] = []
    page.on('request', request => {
      if (request.url().includes('/sse'))
        streams.push(`${request.method()} ${new URL(request.url()).pathname.replace(/[\w.-]{20,}/, '<session>')}`)
    })
    const card = page.locator(`[data-game="${feed.game}"]`)
    await card.getByRole('button').click()
    await page.getByRole('region', { name: 'Favourites' }).locator(`[data-game="${feed.game}"]`).waitFor()
    await until('the channels were changed', () => streams.length === 1)
    await until('the match is followed', () => started.node.hub.get(`sports:game_${feed.game}`)?.live === 1)
    await feed.post(goal('g', { period: 'second_half', clock: { min: 55 }, players: [{ name: 'Adeyemi' }] }))
    await page.locator('.toast', { hasText: 'Adeyemi' }).waitFor()
    await eventually(() => page.locator('.toast').first().innerText(), expect.stringContaining(`Reds ${games} 1–1 Blues ${games}`))
    await feed.post({ id: 'g', rev: 2, state: 'deleted' })
    await page.locator('.toast', { hasText: 'Goal overturned' }).waitFor()
    expect(streams).toEqual(['POST /sse/<session>/subscriptions'])

    await page.reload()
    await page.getByRole('region', { name: 'Favourites' }).locator(`[data-game="${feed.game}"]`).waitFor()
    await page.locator(`[data-game="${feed.game}"]`).getByRole('button', { pressed: true }).press('Enter')
    await until('it is no favourite any more', async () => (await page.getByRole('region', { name: 'Favourites' }).count()) === 0)
    await until('it is not followed any more', () => started.node.hub.get(`sports:game_${feed.game}`)?.live === 0)
    await page.close()
  })

  test('[W23] a team is starred on the page of a match, and all its matches are favourites then', async () => {
    const feed = await newGame({ home: { name: 'Rovers', code: 'ROV' } })
    const context = await browser.launched.newContext({ viewport: phone })
    const match = await context.newPage()
    await match.goto(`${started.url}/sports/${feed.game}`)
    await match.getByRole('button', { name: 'Favourite: Rovers' }).click()
    const page = await context.newPage()
    await page.goto(`${started.url}/sports`)
    await page.getByRole('region', { name: 'Favourites' }).locator(`[data-game="${feed.game}"]`).waitFor()
    await page.getByRole('list', { name: 'Followed teams' }).getByRole('button').click()
    await until('no team is followed any more', async () => (await page.getByRole('list', { name: 'Followed teams' }).count()) === 0)
    await until('the other page has heard of it', () =>
      match
        .getByRole('button', { name: 'Favourite: Rovers' })
        .getAttribute('aria-pressed')
        .then(pressed => pressed === 'false'),
    )
    await context.close()
  })

  test('[W22] a starred match that is not there any more leaves the page live', async () => {
    await newGame()
    const page = await open('/sports')
    await page.evaluate(() => localStorage.setItem('fanfare.sports.favourites', JSON.stringify({ games: ['gone'], teams: [] })))
    await page.reload()
    await page.locator('.badge[data-link="live"]').waitFor()
    await page.locator('.match-row').first().waitFor()
    await page.evaluate(() => localStorage.clear())
    await page.close()
  })
})
