import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Browser, inSeconds, lacks, type TestServer } from '../kit/index.ts'
import { Feed, startSports } from './feed.ts'

const skipped = lacks('chromium', 'long words on the page of a match')
const word = 'Wolverhampton'.repeat(9)
const squad = Array.from({ length: 11 }, (_, index) => ({ name: `${index} ${word}`, number: index + 1 }))
const event = (id: string, kind: string, min: number, fields: object = {}) => ({
  id,
  kind,
  period: 'first_half',
  clock: { min },
  team: 'home',
  players: [{ name: word }, { name: word }],
  ...fields,
})

describe.skipIf(skipped)('a match of long words', () => {
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

  test.each([390, 700, 1280])('[S46] words of any length and the longest shoot-out stay on the page at %i px', async width => {
    const feed = new Feed(started.url, `long-${width}`)
    const team = { name: word, lineup: squad, bench: squad, coach: word }
    await feed.put({ home: team, away: team, competition: word, round: word, venue: word })
    const kicks = Array.from({ length: 56 }, (_, index) => ({
      id: `k${index}`,
      kind: 'kick',
      team: index % 2 === 0 ? 'home' : 'away',
      players: [{ name: word }],
      data: { outcome: index % 3 === 0 ? 'saved' : 'scored' },
    }))
    await feed.post(
      { id: 'p', kind: 'period_start', period: 'first_half', tEvent: inSeconds(0) * 1000 },
      event('g', 'goal', 10),
      event('d', 'goal_disallowed', 11, { data: { reason: word } }),
      event('c', 'card', 12, { data: { card: 'red' } }),
      event('s', 'substitution', 13),
      { id: 't', kind: 'commentary', data: { text: word.repeat(9), label: 'Stoppage'.repeat(5) } },
      { id: 'f', kind: 'stat', team: 'home', data: { name: 'a_figure_that_somebody_counts_by_himself', value: 1e21 } },
      { id: 'v', kind: 'var_start', data: { reason: word } },
      { id: 'i', kind: 'status', data: { status: 'interrupted', reason: word.repeat(2) } },
      ...kicks,
    )
    const page = await browser.open(`${started.url}/sports/${feed.game}`)
    await page.setViewportSize({ width, height: 900 })
    await page.emulateMedia({ reducedMotion: 'reduce' })
    await page.locator('.scoreboard').waitFor()
    const outside = () =>
      page.evaluate(() =>
        [...document.querySelectorAll('main *')]
          .filter(element => element.checkVisibility() && element.closest('pre, .visually-hidden, [role="tablist"]') === null)
          .filter(element => element.getBoundingClientRect().right > innerWidth + 1 || element.getBoundingClientRect().left < -1)
          .map(element => `${element.tagName} ${element.className}`),
      )
    expect(await outside()).toEqual([])
    if (width > 860) return
    for (const name of ['Commentary', 'Stats', 'Line-ups']) {
      await page.getByRole('tab', { name }).click()
      expect([name, await outside()]).toEqual([name, []])
    }
  })

  test('[S46] a goal of a player whom nobody knows is told as one of the team', async () => {
    const feed = new Feed(started.url, 'nameless')
    await feed.put({ home: 'Reds', away: 'Blues' })
    await feed.post(event('g', 'goal', 10, { players: [{ name: null }] }), event('o', 'goal', 20, { players: [], data: { how: 'own' } }))
    const page = await browser.open(`${started.url}/sports/nameless`)
    const goals = (team: string) => page.getByRole('list', { name: `Goals of ${team}` }).innerText()
    await page.locator('.scorers').waitFor()
    expect([await goals('Reds'), await goals('Blues')]).toEqual(["Reds 11'", "Reds 21' (own goal)"])
  })
})
