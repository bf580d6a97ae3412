import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { apiKey, eventually, FanfareProcess, fits, lacks, launchChromium, startServer, still, until } from '../kit/index.ts'

/** Five minutes of the match in a second: goals come often, and a loop lasts forty seconds. */
const speed = '300x'
const match = 'arg-fra-2022'
const desktop = { width: 1280, height: 800 }
const phone = { width: 390, height: 844 }

const skipped = lacks('chromium', 'the pages in a browser')

describe.skipIf(skipped)('the pages in a browser', () => {
  const server = new FanfareProcess({ demo: 'on', demo_speed: speed }, 'start', 'development')
  let browser: Browser

  beforeAll(async () => {
    await server.start()
    browser = await launchChromium()
  })

  afterAll(async () => {
    await browser?.close()
    await server[Symbol.asyncDispose]()
  })

  /** Opens a page, and keeps what it complains about. */
  async function open(path: string, options: BrowserContextOptions = {}): Promise<{ page: Page; complaints: string[] }> {
    const context = await browser.newContext({ viewport: desktop, ...options })
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('pageerror', error => complaints.push(error.message))
    page.on('console', message => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    await page.goto(server.url + path)
    await page.locator('.badge[data-link="live"]').waitFor()
    return { page, complaints }
  }

  const ids = (page: Page) => page.locator('.events li').evaluateAll(rows => rows.map(row => row.getAttribute('data-id')))

  async function snapshot(game: string): Promise<{ run: number; ids: string[] }> {
    const { run, events } = await (await fetch(`${server.url}/sports/games/${game}/snapshot`)).json()
    const told = events.filter(({ kind }: { kind: string }) => kind !== 'status')
    return { run, ids: told.map(({ id }: { id: string }) => id) }
  }

  /** A match that has begun, and has enough before it to be interrupted. */
  async function youngMatch(): Promise<string | undefined> {
    const { games } = await (await fetch(`${server.url}/sports/games`)).json()
    return games.find(({ board }: { board: { phase: string } }) => board.phase === 'first_half')?.id
  }

  const places = ['/', '/sports', `/sports/${match}`, '/ops'].flatMap(path => [
    { path, size: 'desktop', viewport: desktop },
    { path, size: 'phone', viewport: phone },
  ])

  test.each(places)('[W8] $path fits a $size, says that it is live, and complains of nothing', async ({ path, viewport }) => {
    const { page, complaints } = await open(path, { viewport })
    await page.locator('h1').first().waitFor()
    await fits(page)
    expect(complaints).toEqual([])
    await page.context().close()
  })

  test('[W9] a goal arrives by itself: in the score, in the list, in a banner, and in words for screen readers', async () => {
    const { page } = await open(`/sports/${match}`)
    await page.evaluate(() => {
      const spoken = document.querySelector('[data-testid="spoken"]')
      new MutationObserver(() =>
        document.body.setAttribute('data-spoken', `${document.body.getAttribute('data-spoken') ?? ''}|${spoken?.textContent}`),
      ).observe(spoken ?? document.body, { childList: true, characterData: true, subtree: true })
    })
    await page.locator('.goal-banner').waitFor()
    // Both at the same moment: the next goal is never far.
    const [banner, event] = await until('the goal and its event are seen together', () =>
      page.evaluate(() => {
        const texts = ['.goal-banner p > span', '.events li[data-kind="goal"]'].map(
          place => document.querySelector<HTMLElement>(place)?.innerText,
        )
        return texts.every(text => text !== undefined) && texts
      }),
    )
    expect(event).toContain(banner?.replace(/\s*\d.*$/, ''))
    await until('the goal has been spoken', async () => (await page.locator('body').getAttribute('data-spoken'))?.includes(`Goal for`))
    const goals = async () => {
      const shown = await Promise.all(['score-home', 'score-away'].map(id => page.getByTestId(id).innerText()))
      return shown.map(Number).reduce((a, b) => a + b)
    }
    await eventually(goals, value => expect(value).toBeGreaterThan(0))
    await page.context().close()
  })

  test.each(['SIGKILL', 'SIGTERM'] as const)(
    '[W10] a page outlives a server that gets %s: reconnecting, then live, without a reload and without a missing event',
    async signal => {
      const young = await until('a match is young', youngMatch)
      const { page } = await open(`/sports/${young}`)
      await page.evaluate(() => {
        document.body.setAttribute('data-page', 'the same')
        const badge = document.querySelector('.badge')
        const note = () =>
          document.body.setAttribute('data-links', `${document.body.getAttribute('data-links') ?? ''} ${badge?.getAttribute('data-link')}`)
        if (badge !== null) new MutationObserver(note).observe(badge, { attributes: true, attributeFilter: ['data-link'] })
      })
      const before = await snapshot(young)
      await server.stop(signal)
      await page.locator('.badge[data-link="reconnecting"]').waitFor()
      await server.start()
      await page.locator('.badge[data-link="live"]').waitFor()
      const seen = await until('the match has gone on, and the page has what the server has', async () => {
        const [shown, known] = [await ids(page), await snapshot(young)]
        return shown.length === known.ids.length && known.ids.length > before.ids.length ? { shown, known } : undefined
      })
      await still(() => page.locator('body').getAttribute('data-page'), 'the same')
      await eventually(async () => (await page.locator('body').getAttribute('data-links'))?.trim(), 'reconnecting live')
      expect(seen.known.run).toBe(before.run)
      expect(seen.shown.toReversed()).toEqual(seen.known.ids)
      await page.context().close()
    },
  )

  test('[W11] a page without network says so, and goes on by itself when the network is back', async () => {
    const { page } = await open('/sports')
    await page.context().setOffline(true)
    await page.locator('.badge[data-link="offline"]').waitFor()
    await page.context().setOffline(false)
    await page.locator('.badge[data-link="live"]').waitFor()
    await page.context().close()
  })

  test('[W12] the theme follows the system until it is chosen, and the choice is kept', async () => {
    const { page } = await open('/', { colorScheme: 'dark' })
    const themeOf = () => page.locator('html').getAttribute('data-theme')
    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    await eventually(themeOf, 'dark')
    const dark = await paper()
    await page.getByRole('button', { name: 'Switch to light theme' }).click()
    await eventually(themeOf, 'light')
    await eventually(paper, value => expect(value).not.toBe(dark))
    await page.reload()
    await eventually(themeOf, 'light')
    await page.context().close()
  })

  test('[W13] the keyboard reaches everything, visibly, and the content first', async () => {
    const { page } = await open(`/sports/${match}`, { viewport: phone })
    const focused = () =>
      page.evaluate(() => {
        const element = document.activeElement
        const label = element instanceof HTMLInputElement ? element.labels?.[0]?.textContent : element?.getAttribute('aria-label')
        return element?.textContent?.trim() || label || ''
      })
    const outline = () => page.evaluate(() => getComputedStyle(document.activeElement ?? document.body).outlineStyle)
    const visited: string[] = []
    for (let presses = 0; presses < 10; presses++) {
      await page.keyboard.press('Tab')
      visited.push(await focused())
      await eventually(outline, 'solid')
    }
    const teams = ['Favourite: Argentina', 'Favourite: France']
    expect(visited).toEqual([
      'Skip to content',
      'Fanfare',
      'Chat',
      'Sports',
      'Ops',
      expect.stringContaining('Switch to'),
      'none',
      ...teams,
      'Timeline',
    ])
    await page.locator('#tab-timeline').focus()
    await page.keyboard.press('ArrowRight')
    await eventually(focused, 'Commentary')
    await eventually(() => page.locator('#panel-text').isVisible(), true)
    await eventually(() => page.locator('#panel-timeline').isVisible(), false)
    await page.context().close()
  })

  test('[W14] the operations page shows this very browser, second by second', async () => {
    const { page: other } = await open(`/sports/${match}`)
    const { page } = await open('/ops')
    const row = page.getByRole('row', { name: new RegExp(`sports:game_${match}`) })
    await row.waitFor()
    const uptime = async () => (await page.locator('.ops-head').innerText()).match(/up (.*)/)?.[1]
    const first = await uptime()
    await until('a second has passed on the page', async () => (await uptime()) !== first)
    await other.context().close()
    await page.context().close()
  })

  test('[W15] what the home page says to paste does what it says: in a terminal, in a page, and with the SDK', async () => {
    const { page } = await open('/')
    await page.getByRole('link', { name: 'Watch a match' }).waitFor()
    const code = (label: string) => page.getByRole('region', { name: label, exact: true }).innerText()
    const [curl, eventSource, sdk] = await Promise.all(['With curl', 'With EventSource', 'With the centrifuge package'].map(code))

    const [firstLine = ''] = (curl ?? '').split('\n')
    const terminal = Bun.spawnSync(['sh', '-c', `${firstLine.replace('curl', 'curl -s --max-time 2')}`])
    expect(terminal.stdout.toString()).toContain('"connect"')

    const said = page.waitForEvent('console', { predicate: message => message.text().startsWith('subscribed') })
    await page.evaluate(eventSource ?? '')
    await said

    const script = Bun.spawn([process.execPath, '-e', sdk ?? ''], { cwd: import.meta.dir, stdout: 'pipe' })
    const output = await script.stdout.getReader().read()
    script.kill()
    expect(new TextDecoder().decode(output.value)).toContain('type:')
    await page.context().close()
  })

  test('[W16] the operations of a server in production are behind its API key, which the page asks for', async () => {
    await using production = await startServer()
    const context = await browser.newContext({ viewport: phone })
    const page = await context.newPage()
    await page.goto(`${production.url}/ops`)
    const field = page.getByLabel('API key')
    await field.fill('a guess')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').waitFor()
    await field.fill(apiKey)
    await page.keyboard.press('Enter')
    await page.getByText('production', { exact: true }).waitFor()
    await context.close()
  })
})
